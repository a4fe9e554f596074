//! Words that are made below the window, by their patterns: the first one that a sentence follows counts.

pub(super) const WORDS: &[(&str, &str)] = &[
    // The kind of a network.
    ("every head sees the whole text", "每个头都看到全文"),
    ("windows in {0} of {1} layers", "{1} 层中有 {0} 层使用窗口"),
    ("adaptive span", "自适应跨度"),
    ("fixed span", "固定跨度"),
    ("no feed-forward sublayers", "没有前馈子层"),
    ("FFN dimension {0}", "FFN 维度 {0}"),
    (
        "all-attention with {0} persistent vectors per head",
        "全注意力，每个头 {0} 个持久向量",
    ),
    (
        "norms before the sublayers (pre-norm)",
        "归一化在子层之前（pre-norm）",
    ),
    (
        "adaptive input and output in {0} clusters",
        "自适应输入与输出，分 {0} 个簇",
    ),
    // Formats.
    ("PyTorch (.pt, zip)", "PyTorch（.pt，zip）"),
    ("PyTorch (.pt, before 1.6)", "PyTorch（.pt，1.6 之前）"),
    ("Hugging Face folder", "Hugging Face 文件夹"),
    ("a model in another program", "其他程序中的模型"),
    // What was assumed.
    (
        "ramp R = {0} (not stored in the file)",
        "斜坡 R = {0}（文件中没有保存）",
    ),
    (
        "weights {0} after the mask: names begin with decoder.model., as in {1}",
        "掩码之后权重{0}：名称以 decoder.model. 开头，与 {1}相同",
    ),
    (
        "weights {0} after the mask, as in the {1}: names begin with decoder.model. as in {2}, but {3} names {4}",
        "掩码之后权重{0}，与{1}相同：名称虽如 {2}以 decoder.model. 开头，但 {3} 写明的是{4}",
    ),
    ("divided by their sum", "除以其总和"),
    ("not divided by their sum", "不除以其总和"),
    ("published adaptive-span code", "公开的 adaptive-span 代码"),
    (
        "fairseq's port of adaptive span",
        "fairseq 的 adaptive span 移植版",
    ),
    ("no architecture", "没有架构"),
    ("the architecture {0}", "架构 {0}"),
    (
        "what the tensors say, where {0} contradicts them: {1}",
        "在 {0} 与张量矛盾之处，以张量为准：{1}",
    ),
    (
        "full attention (GGUF does not store the window that Mistral 7B v0.1 has)",
        "全注意力（GGUF 不保存 Mistral 7B v0.1 的窗口）",
    ),
    (
        "spans from 0 to 1, as they are in a run: {0} beyond that clamped, first {1} in {2}",
        "跨度取 0 到 1，与运行时相同：{0} 个超出范围者已截断，第一个是 {2} 中的 {1}",
    ),
    ("1 span", "1"),
    ("{0} spans", "{0}"),
    (
        "usable although tensor {0} holds infinities or what is no number: so may all results; the training may have diverged",
        "可以使用，但张量 {0} 含有无穷大或非数：所有结果也可能如此；训练可能已发散",
    ),
    (
        "not needed: 1 tensor that this kind of network has no place for, and that results leave out: {0}",
        "不需要：1 个张量在这种网络中没有位置，结果不含它们：{0}",
    ),
    (
        "not needed: {0} tensors that this kind of network has no place for, and that results leave out: {1}",
        "不需要：{0} 个张量在这种网络中没有位置，结果不含它们：{1}",
    ),
    (
        "the weights under {0}: an average or a copy, the only ones in the file",
        "采用 {0} 之下的权重：平均值或副本，文件中只有这些",
    ),
    (
        "the weights under {0}: the {1} tensors under {2} are not read",
        "采用 {0} 之下的权重：{2} 之下的 {1} 个张量没有读取",
    ),
    ("the outermost dict", "最外层字典"),
    (
        "the weights themselves: those under {0} are an average or a copy, and are not read",
        "采用权重本身：{0} 之下的是平均值或副本，没有读取",
    ),
    (
        "the weights are an average over steps of training (AveragedModel)",
        "权重是训练若干步的平均（AveragedModel）",
    ),
    ("weights times mask of {0}", "{0} 的权重乘以掩码"),
    ("g · v / ‖v‖ of {0}", "{0} 的 g · v / ‖v‖"),
    (
        "no training curve {0} and {1} more: the log under \"logger\" has it in a form that is not read; expected lists of numbers",
        "没有训练曲线 {0} 及另外 {1} 条：\"logger\" 下的日志以不能读取的形式保存；应为数的列表",
    ),
    (
        "no training curve {0}: the log under \"logger\" has it in a form that is not read; expected lists of numbers",
        "没有训练曲线 {0}：\"logger\" 下的日志以不能读取的形式保存；应为数的列表",
    ),
    (
        "The file calls its pre-tokenizer {0}, which is not known here: texts are cut as GPT-2's are, and some tokens may be off.",
        "文件中的预分词器名为 {0}，此处不认识：文本按 GPT-2 的方式切分，个别词元可能有出入。",
    ),
    // Tensors that are known and not needed.
    ("mask templates ({0})", "掩码模板（{0}）"),
    (
        "second names of tensors that are used ({0})",
        "所用张量的第二名称（{0}）",
    ),
    (
        "masks and tables that follow from the configuration ({0})",
        "由配置得出的掩码与表（{0}）",
    ),
    (
        "both directions: each token attends to earlier and to later ones",
        "双向：每个词元既关注前面的词元，也关注后面的词元",
    ),
    (
        "a copy of the input embedding under the output's name ({0})",
        "以输出命名的输入嵌入副本（{0}）",
    ),
    ("counters ({0})", "计数器（{0}）"),
    ("state of the training run ({0})", "训练的状态（{0}）"),
    // Vocabularies.
    ("vocabulary: {0}", "词表：{0}"),
    (
        "no vocabulary: tokens are shown as ids ({0})",
        "没有词表：词元以编号显示（{0}）",
    ),
    (
        "no vocabulary: tokens are shown as ids",
        "没有词表：词元以编号显示",
    ),
    (
        "none of {0} is beside the weights",
        "权重旁没有 {0} 中的任何一个",
    ),
    ("the file has none", "文件中没有"),
    (
        "the file has no tokenizer.ggml.model",
        "文件中没有 tokenizer.ggml.model",
    ),
    (
        "the text8 order, because the model has 28 tokens",
        "text8 的顺序，因为模型有 28 个词元",
    ),
    (
        "28 characters in the fixed order of text8",
        "text8 固定顺序的 28 个字符",
    ),
    ("{0} pieces, in the file", "文件中的 {0} 个片段"),
    ("{0} pieces, {1} of the file", "{0} 个片段，文件中的 {1}"),
    ("{0} pieces from {1}", "来自 {1} 的 {0} 个片段"),
    ("{0} from the vocabulary file {1}", "来自词表文件 {1}，{0}"),
    ("{0} from a list", "来自列表，{0}"),
    ("{0} listed in {1} ({2})", "{1}（{2}）中列出，{0}"),
    (
        "{0} by first appearance in {1}",
        "{1} 中按首次出现的顺序，{0}",
    ),
    ("{0} by falling count in {1}", "{1} 中按出现次数递减，{0}"),
    ("{0} by first appearance", "按首次出现的顺序，{0}"),
    ("1 byte", "1 个字节"),
    ("{0} bytes", "{0} 个字节"),
    ("1 character", "1 个字符"),
    ("{0} characters", "{0} 个字符"),
    ("1 word", "1 个词"),
    ("{0} words", "{0} 个词"),
    ("1 piece", "1 个片段"),
    ("{0} pieces", "{0} 个片段"),
    (
        "the prepared {0} (decimal numbers)",
        "预处理过的 {0}（十进制数）",
    ),
    (
        "the prepared {0} (single characters)",
        "预处理过的 {0}（单个字符）",
    ),
    ("the raw corpus {0} (all of it)", "原始语料 {0}（全部）"),
    ("the raw corpus {0} (first 90 %)", "原始语料 {0}（前 90 %）"),
    (
        "the raw corpus {0} (its first 90 % and all of it agree)",
        "原始语料 {0}（前 90 % 与全部一致）",
    ),
    ("the raw corpus {0}", "原始语料 {0}"),
    ("the raw text8 {0} (all of it)", "原始 text8 {0}（全部）"),
    (
        "the raw text8 {0} (first 90 %)",
        "原始 text8 {0}（前 90 %）",
    ),
    (
        "the raw text8 {0} (its first 90 % and all of it agree)",
        "原始 text8 {0}（前 90 % 与全部一致）",
    ),
    ("a token a line", "每行一个词元"),
    ("tokens with their ids", "词元及其编号"),
    (
        "a dict.txt of fairseq, after <s>, <pad>, </s> and <unk>",
        "fairseq 的 dict.txt，在 <s>、<pad>、</s> 和 <unk> 之后",
    ),
    (
        "tokens with their counts, as they are listed",
        "词元及其次数，按列出的顺序",
    ),
    ("{0} tokens", "{0} 个词元"),
];
