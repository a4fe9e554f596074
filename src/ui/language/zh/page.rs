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
];
