pub(super) const WORDS: &[(&str, &str)] = &[
    ("Continue the text", "续写文本"),
    ("Computing…", "正在计算…"),
    (
        "Start draws tokens after the selected one, or after the end of the text.",
        "“开始”会在所选词元之后，或在文本末尾之后抽取词元。",
    ),
    ("Temperature", "温度"),
    (
        "Divides the log-probabilities: below 1 likely tokens become likelier; 0 always takes the likeliest",
        "除对数概率：小于 1 时可能的词元更可能；0 总取最可能的",
    ),
    ("Top-p", "Top-p"),
    (
        "Only the likeliest tokens that together hold this probability are drawn; 1 keeps all",
        "只从合计达到此概率的最可能词元中抽取；1 保留全部",
    ),
    ("Tokens", "词元数"),
    ("Most tokens to draw", "最多抽取的词元数"),
    ("Seed", "种子"),
    (
        "The same seed gives the same text",
        "相同的种子给出相同的文本",
    ),
    ("New seed", "新种子"),
    (
        "Another seed, for another text",
        "换一个种子，得到另一段文本",
    ),
    ("Stop at", "停止于"),
    (
        "Ends with the token that completes this text; \\n is a line break. Empty: goes on to the last token",
        "在补全此文本的词元处结束；\\n 表示换行。留空则一直到最后一个词元",
    ),
    ("Stop", "停止"),
    ("Start", "开始"),
    ("Insert into the text", "插入文本"),
    (
        "Puts it where it was drawn for: after the token it begins at",
        "插到它所续写的位置：起始词元之后",
    ),
    ("Copy", "复制"),
    (
        "{0} tokens, {1} bits per token",
        "{0} 个词元，每词元 {1} 比特",
    ),
    (
        "{0} tokens, {1} bits per token; stopped",
        "{0} 个词元，每词元 {1} 比特；已停止",
    ),
    (
        "{0} tokens, {1} bits per token; done",
        "{0} 个词元，每词元 {1} 比特；已完成",
    ),
    (
        "{0} tokens, {1} bits per token; ended by “Stop at”",
        "{0} 个词元，每词元 {1} 比特；因“停止于”而结束",
    ),
    (
        "By the model's own probabilities, before temperature and top-p",
        "按模型自身的概率，未经温度和 top-p",
    ),
    ("Continuation: {0}", "续写：{0}"),
    ("Token {0} “{1}”", "词元 {0} “{1}”"),
    (
        "surprisal {0} bits, probability {1} %",
        "意外度 {0} 比特，概率 {1} %",
    ),
    ("Surprisal along the text", "沿文本的意外度"),
    ("mean", "平均"),
    ("token", "词元"),
    ("largest", "最大"),
    ("mean over", "平均窗口"),
    ("Tokens of the running mean", "滑动平均的词元数"),
    (
        "Tokens around each one that the running mean is taken of",
        "滑动平均在每个词元周围所取的词元数",
    ),
    (
        "Type a text of two tokens or more to see how surprising each one is.",
        "请输入两个以上词元的文本，以查看每个词元有多意外。",
    ),
    ("Token", "词元"),
    ("Surprisal (bits)", "意外度（比特）"),
    (
        "Surprisal along the text, {0} tokens; click to select one",
        "沿文本的意外度，{0} 个词元；点击选择",
    ),
    ("after “…{0}”", "在“…{0}”之后"),
    ("the most surprising of {0} here", "此处 {0} 个中最意外的"),
    ("click to select", "点击选择"),
    (
        "Type a text to see what the model expects next.",
        "请输入文本，以查看模型预期的下一个词元。",
    ),
    ("After token {0} “{1}”", "词元 {0} “{1}” 之后"),
    (
        "So far back in a long text nothing is kept to predict from: select a later token, or give the text more memory.",
        "长文本中这么靠前的位置没有保留可供预测的数据：请选择更后的词元，或给文本更多内存。",
    ),
    (
        "entropy {0} bits · “{1}” follows: {2} bits, rank {3}",
        "熵 {0} 比特 · 实际为“{1}”：{2} 比特，第 {3} 位",
    ),
    (
        "entropy {0} bits · the text ends here",
        "熵 {0} 比特 · 文本到此为止",
    ),
    (
        "Entropy of the prediction: 0 bits where the model is certain, {0} where it knows nothing",
        "预测的熵：模型确定时为 0 比特，一无所知时为 {0}",
    ),
    ("follows", "实际"),
    ("{0} bits", "{0} 比特"),
    (
        "Next token {0}: {1}, {2} bits, rank {3}, follows in the text",
        "下一个词元 {0}：{1}，{2} 比特，第 {3} 位，文本中的实际词元",
    ),
    (
        "Next token {0}: {1}, {2} bits, rank {3}",
        "下一个词元 {0}：{1}，{2} 比特，第 {3} 位",
    ),
    ("log p = {0} nats", "log p = {0} 奈特"),
    (
        "A part of a character: it cannot be written by itself",
        "字符的一部分：无法单独写出",
    ),
    ("click to append it to the text", "点击以追加到文本"),
    ("click to write it into the text", "点击以写入文本"),
    ("Insert after token {0}", "插入到词元 {0} 之后"),
    ("Replace “{0}”", "替换“{0}”"),
];
