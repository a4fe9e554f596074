//! The window in a page of a browser.

pub(super) const WORDS: &[(&str, &str)] = &[
    (
        "Nothing is uploaded: what you open stays in this page, on this machine",
        "不上传任何内容：您打开的一切都留在本机的这个页面里",
    ),
    (
        "it is not beside this page; open a model of your own, or put the folder samples back",
        "它不在此页面旁边；请打开您自己的模型，或把 samples 文件夹放回原处",
    ),
    (
        "{0} has {1} MB. It will be read into the memory of this page, on this machine; weights may take two to three times as much, and each token some seconds. Open it?",
        "{0} 有 {1} MB。它会被读入本机上此页面的内存；权重可能占用其两到三倍，每个词元可能需要数秒。要打开吗？",
    ),
    (
        "{0} has {1} GB, more than a page can read: open it with the program, or record a run of it there",
        "{0} 有 {1} GB，超过页面所能读取的大小：请用程序打开它，或在程序中记录一次运行",
    ),
    ("Interactive page", "交互页面"),
    ("Interactive page…", "交互页面…"),
    (
        "One .html file with this window and the run, which opens in any browser",
        "一个 .html 文件，内含此窗口和这次运行，可在任何浏览器中打开",
    ),
    (
        "One .html file with this window and the run over the text. It opens in any browser, without a network, and sends no requests.",
        "一个 .html 文件，内含此窗口和对文本的这次运行。无需网络即可在任何浏览器中打开，也不发出任何请求。",
    ),
    (
        "html web browser share record run export",
        "html 网页 浏览器 分享 记录 运行 导出",
    ),
    (
        "The program on a desktop writes such pages",
        "这种页面由桌面程序写出",
    ),
    (
        "A recorded run shows a model as it is: take back what was changed first (Edit → All heads as trained)",
        "记录的运行显示原本的模型：请先撤销所做的改动（编辑 → 所有头恢复为训练所得）",
    ),
    ("all, or such as 0..500", "全部，或例如 0..500"),
    (
        "The tokens whose weights are kept, counted from 0, the end left out; the model runs over the whole text all the same",
        "保留其权重的词元，从 0 计数，不含末尾；模型仍会运行整个文本",
    ),
    ("Tokens kept", "保留的词元"),
    ("Queries and keys", "查询和键"),
    ("32 bits, exact", "32 位，精确"),
    ("16 bits, half as large", "16 位，大小减半"),
    (
        "A recorded run is put into the page as it is.",
        "记录的运行原样放入页面。",
    ),
    ("Measuring…", "正在测量…"),
    (
        "{0} for the window, {1} at most for the run",
        "窗口占 {0}，运行至多占 {1}",
    ),
    (
        "The window for browsers is not beside this program. In the program's sources, this makes it:",
        "此程序旁边没有用于浏览器的窗口。在程序的源代码中，用以下命令生成：",
    ),
    (
        "{0}: tokens are written as A..B, counted from 0, such as 0..{1}",
        "{0}：词元写作 A..B，从 0 计数，例如 0..{1}",
    ),
    (
        "{0}: the text has {1} tokens, counted from 0; the first comes before the end, and the end is {1} at most",
        "{0}：文本有 {1} 个词元，从 0 计数；起点须在终点之前，终点至多为 {1}",
    ),
    ("Save page", "保存页面"),
    ("Pages", "页面"),
    ("a file whose name ends in .html", "名称以 .html 结尾的文件"),
];
