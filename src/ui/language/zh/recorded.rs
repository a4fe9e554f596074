//! Recorded runs.

pub(super) const WORDS: &[(&str, &str)] = &[
    (
        "This run was recorded without predictions.",
        "此运行在记录时未保存预测。",
    ),
    (
        "This run holds neither persistent vectors nor neurons.",
        "此运行既没有持久向量，也没有神经元。",
    ),
    (
        "A .pt, .safetensors or .gguf file, a folder of Hugging Face, or a recorded run",
        ".pt、.safetensors 或 .gguf 文件，Hugging Face 文件夹，或运行记录",
    ),
    (
        "A model or a run opened before",
        "以前打开过的检查点或运行记录",
    ),
    (
        "A recorded run has its own text: {0} is kept until a model is open",
        "运行记录自带文本：{0} 会保留到打开模型为止",
    ),
    (
        "A recorded run has its vocabulary and its ramp in it",
        "运行记录已包含其词表和斜坡",
    ),
    (
        "A recorded run holds no weights: open the model to change its heads",
        "运行记录不含权重：要更改各头，请打开模型",
    ),
    (
        "A recorded run holds no weights: open the model to continue the text",
        "运行记录不含权重：要续写文本，请打开模型",
    ),
    (
        "A recorded run: the text cannot be changed; open the model to type",
        "运行记录：文本不能更改；要输入，请打开模型",
    ),
    ("File of the model that ran", "所运行模型的文件"),
    ("Next text of the run", "运行记录的下一个文本"),
    ("Previous text of the run", "运行记录的上一个文本"),
    ("Recorded from {0} with {1}", "由 {1} 从 {0} 记录"),
    (
        "Recorded from {0} with {1} on {2}",
        "由 {1} 于 {2} 从 {0} 记录",
    ),
    ("Recorded run", "运行记录"),
    ("Text of the run to show", "要显示的运行记录文本"),
    ("Text {0} of the run: {1}", "运行记录的第 {0} 个文本：{1}"),
    ("Texts of this run", "此运行记录的文本"),
    (
        "The texts that were recorded; each has its own views",
        "所记录的各个文本；每个都有自己的视图",
    ),
    (
        "What a model did with a text, without the model: nothing can be typed or changed",
        "模型对文本的处理结果，不含模型本身：不能输入或更改",
    ),
    (
        "The run was recorded with the weights of these tokens, or is larger than the memory for a text (View → Memory for a text): then those around a token that is selected are read again",
        "记录时只保存了这些词元的权重，或运行记录大于文本可用的内存（视图 → 文本可用的内存）：此时会重新读取所选词元附近的权重",
    ),
    ("name", "名称"),
    ("promoted tokens of", "提升的词元"),
    ("none were recorded", "没有记录"),
    ("queries and keys", "查询与键"),
    ("stored weights", "存储的权重"),
    (
        "{0}, the {1} largest of each query",
        "{0}，每个查询最大的 {1} 个",
    ),
    ("recorded from", "记录来源"),
    ("recorded run", "运行记录"),
    (
        "{0}; the model from before is open instead",
        "{0}；已打开此前的模型",
    ),
    ("{0} of {1} vectors", "{1} 个向量中的 {0} 个"),
    ("{0} of {1}: {2}", "{0}/{1}：{2}"),
    ("{0} with {1} on {2}", "{0}，{1}，{2}"),
    ("{0}: {1} tokens", "{0}：{1} 个词元"),
    (
        "{0}: {1} tokens, weights of {2} to {3}",
        "{0}：{1} 个词元，权重为 {2} 至 {3}",
    ),
];
