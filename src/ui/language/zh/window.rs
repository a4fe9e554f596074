pub(super) const WORDS: &[(&str, &str)] = &[
    // The sheet of keys.
    ("Close", "关闭"),
    (
        "Files can be dropped on the window: checkpoints, and texts ending in .txt.",
        "可以把文件拖到窗口上：检查点，以及 .txt 文本。",
    ),
    (
        "A view, in the order of the View menu",
        "某个视图，按视图菜单的顺序",
    ),
    ("click", "单击"),
    ("Click", "单击"),
    (
        "Select a head, a token or a vector; again lets a token go",
        "选择头、词元或向量；再次单击放开词元",
    ),
    (
        "Add a head or a token, or take it out",
        "加入或去掉一个头或词元",
    ),
    (
        "All from the one selected to this one",
        "从已选处到此处全部选择",
    ),
    ("Drag over the text", "在文本上拖动"),
    ("Select a range of tokens", "选择一段词元"),
    ("Drag a plot", "拖动图"),
    ("Move it", "移动它"),
    ("Ctrl + wheel, pinch", "Ctrl + 滚轮，捏合"),
    ("Zoom a plot at the pointer", "以指针为中心缩放图"),
    ("Double click", "双击"),
    ("A plot as it was at first", "图恢复最初的样子"),
    ("Drag a tab", "拖动标签"),
    (
        "Move a view, beside or behind others",
        "移动视图，放到别的旁边或后面",
    ),
    ("Middle click", "中键单击"),
    ("Close a view by its tab", "用标签关闭视图"),
    ("Mouse", "鼠标"),
    // The palette.
    (
        "A command, a view, a head such as 3.2, a file…",
        "命令、视图、头（如 3.2）、文件…",
    ),
    ("Nothing is called like that", "没有这样的名称"),
    ("This cannot be done now", "现在不能这样做"),
    (
        "↑ ↓ choose · Enter does it · Esc closes",
        "↑ ↓ 选择 · Enter 执行 · Esc 关闭",
    ),
    ("Sample model", "示例模型"),
    ("Recent file", "最近的文件"),
    ("Theme", "主题"),
    ("Language", "语言"),
    // Menus.
    ("Recent", "最近打开"),
    ("nothing yet", "还没有"),
    ("Sample models", "示例模型"),
    ("Several heads", "多个头"),
    ("Their mean", "平均"),
    ("The largest", "最大值"),
    ("Memory for a text", "文本可用内存"),
    ("As the desktop", "随桌面"),
    ("Dark", "深色"),
    ("Light", "浅色"),
    (
        "A longer text is read to its end all the same; weights are then\nat hand around the selected token.",
        "更长的文本照样读到末尾；此时备有的\n只是所选词元附近的权重。",
    ),
    ("⚠ assumptions", "⚠ 有假定"),
    (
        "What the file does not say, and where to set it",
        "文件没有说明的内容，以及在哪里设定",
    ),
    ("⚠ changed by hand", "⚠ 已手动更改"),
    (
        "Spans set or heads silenced; click to have all heads as trained",
        "设定了跨度或静默了头；单击可全部恢复为训练所得",
    ),
    ("Zoom: {0} %", "缩放：{0} %"),
    (
        "{0} · {1} layers × {2} heads · {3}",
        "{0} · {1} 层 × {2} 头 · {3}",
    ),
    ("Assumed: {0}", "假定：{0}"),
    // Tiles.
    (
        "Close this view; the View menu brings it back",
        "关闭此视图；可从视图菜单恢复",
    ),
    ("Close {0}", "关闭{0}"),
    ("All views are closed.", "所有视图都已关闭。"),
    // The text field.
    (
        "This model's vocabulary is not known: type token ids, such as 12 0 7",
        "此模型的词表未知：请输入词元编号，如 12 0 7",
    ),
    (
        "Type or paste a text: every view follows",
        "输入或粘贴文本：所有视图随之更新",
    ),
    ("Text to run the model on", "供模型读取的文本"),
    ("Pasted text", "粘贴的文本"),
    (
        "too long to edit here; the views show it",
        "太长，不能在此编辑；视图会显示它",
    ),
    ("Close this text", "关闭此文本"),
    ("{0}: {1} bytes", "{0}：{1} 字节"),
    // Notes.
    ("Error", "错误"),
    ("Note", "提示"),
    ("Close this note", "关闭此提示"),
    ("Copy", "复制"),
    ("Copy this note", "复制此提示"),
    ("Wrote {0}", "已写入 {0}"),
    ("The settings cannot be saved: {0}", "无法保存设置：{0}"),
    ("The session cannot be kept: {0}", "无法保存会话：{0}"),
    (
        "The text of the last session is gone",
        "上次会话的文本已不存在",
    ),
    ("No model is open", "尚未打开模型"),
    (
        "A bundled model has its vocabulary; open a file to choose one for it",
        "自带的模型已有词表；打开文件后才能为其选择",
    ),
    (
        "There is no attention to write: the text is empty, or too long for the selected token's weights to be kept",
        "没有可写的注意力：文本为空，或太长而未保留所选词元的权重",
    ),
    (
        "The bundled models say everything about themselves",
        "自带的模型已说明自身的一切",
    ),
    (
        "{0} is gone; a sample model is open instead",
        "{0} 已不存在；改为打开示例模型",
    ),
    ("{0} has changed since it was read", "{0} 自读取后已有改动"),
    (
        "{0} is gone; a sample text is open instead",
        "{0} 已不存在；改为打开示例文本",
    ),
    ("Assumed {0}", "假定 {0}"),
    ("the start of {0}", "{0} 的开头"),
    (
        "The vocabulary {0} is gone; the model opens without it",
        "词表 {0} 已不存在；模型打开时不带词表",
    ),
    ("No thread to write the file: {0}", "没有线程可写文件：{0}"),
    ("No thread to read the file: {0}", "没有线程可读文件：{0}"),
    // The status bar.
    (
        "Underlined in the text; the model does not see them",
        "在文本中加了下划线；模型看不到它们",
    ),
    (
        "More pieces than a window can show; `spanscope eval` takes texts of any length",
        "片段多得窗口显示不下；`spanscope eval` 可处理任意长的文本",
    ),
    (
        "The text is longer than the memory for it holds (View → Memory for a text). Select a token elsewhere, and the \
         weights around it are computed again",
        "文本超出了给它的内存（视图 → 文本可用内存）。选择别处的词元，就会重新计算它附近的权重",
    ),
    ("letting go…", "正在放弃…"),
    ("opening…", "正在打开…"),
    ("Read no text file", "不读此文本文件"),
    ("computing…", "正在计算…"),
    ("ready", "就绪"),
    ("Cancel", "取消"),
    ("{0} bits/char", "{0} 比特/字符"),
    ("{0} bits/token", "{0} 比特/词元"),
    ("{0} not in the vocabulary", "{0} 个不在词表中"),
    ("the last {0} bytes are left out", "略去最后 {0} 字节"),
    (
        "weights at hand for tokens {0} to {1}",
        "备有词元 {0} 到 {1} 的权重",
    ),
    ("CPU · {0} threads", "CPU · {0} 线程"),
    ("opening {0}…", "正在打开 {0}…"),
    ("The text is read: {0} %", "读取文本：{0} %"),
    (
        "stopped after {0} of {1} tokens",
        "已停在第 {0} 个词元，共 {1} 个",
    ),
    ("reading {0}…", "正在读取 {0}…"),
    ("Do not write {0}", "不写 {0}"),
    ("writing {0}…", "正在写入 {0}…"),
];
