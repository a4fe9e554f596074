pub(super) const WORDS: &[(&str, &str)] = &[
    // The sheet of keys.
    ("Close", "关闭"),
    ("{0} of {1}", "第 {0} 项，共 {1} 项"),
    ("Next", "下一项"),
    ("Back", "上一项"),
    ("Done", "完成"),
    ("Skip the tour", "跳过导览"),
    ("How far does every head look?", "各个头能看多远"),
    (
        "This small Transformer learned, for each of its heads, how far to look back. It reads the text below, and every view shows the same heads and tokens. A short note on each part shows where to begin: Enter goes on, Esc ends.",
        "这个小型 Transformer 为每个头学到了该往回看多远。它读取下方的文本，各个视图显示同样的头和词元。各部分的短注说明从哪里看起：Enter 继续，Esc 结束。",
    ),
    ("The span of every head", "每个头的跨度"),
    (
        "One stem for each head: the distance up to which it can look. Most stay short, a few look far. Click one to select it. With Edit switched on, drag its point to see what another span would cost.",
        "每个头一根竖线：它最远能看到的距离。多数很短，少数很远。点击可选择一个头。打开“编辑”后拖动端点，可看到换一个跨度的代价。",
    ),
    ("Find a head", "查找头"),
    (
        "Every head is a cell, coloured by any of its numbers, and a line of the list. Role names the heads that attend to the first token, the token before, or what followed the same token earlier; Alike groups those that attend alike. Type reach>40 or L3H1 to find.",
        "每个头是一个格子，可按它的任一数值着色，也是列表中的一行。“角色”列出关注第一个词元、前一个词元或此前相同词元之后内容的头；“相似”把关注方式相近的头归在一起。输入 reach>40 或 L3H1 可查找。",
    ),
    ("Where a token looks", "词元看向哪里"),
    (
        "Click a token: the text before it is shaded by the weight that the selected heads give it. The arrow keys then move the caret to other tokens, and after Esc select other heads.",
        "点击一个词元：它之前的文本按所选的头给出的权重着色。之后方向键把光标移到其他词元，按 Esc 后选择其他头。",
    ),
    ("All weights of a head", "一个头的全部权重"),
    (
        "Every query is a row, every key a column. Point at a cell for its numbers; zoom with Ctrl and the wheel, drag to move.",
        "每行是一个查询，每列是一个键。指向格子可看数值；Ctrl 加滚轮缩放，拖动平移。",
    ),
    ("What the model expects next", "模型预期的下文"),
    (
        "The likeliest tokens after the selected one, how each layer changes the guess, and which heads speak for it.",
        "所选词元之后最可能的词元，每一层如何改变预测，以及哪些头支持它。",
    ),
    ("What the layers have stored", "各层存储了什么"),
    (
        "The neurons of the feed-forward sublayers, or the persistent vectors of an all-attention model: which this text uses most, which tokens use one, and which tokens it promotes.",
        "前馈子层的神经元，或全注意力模型的持久向量：此文本最常用哪些，哪些词元使用它，以及它促进哪些词元。",
    ),
    ("Your own text", "您自己的文本"),
    (
        "Type or paste at the caret, in the shaded text itself: every view follows at once. Undo takes back text and changes of the model alike. Your session is restored on restart.",
        "在着色文本的光标处直接输入或粘贴：各个视图立即跟随。撤销可收回对文本和模型的改动。离开时的内容下次仍在。",
    ),
    ("Your own model, your own figures", "您自己的模型和图"),
    (
        "File opens models (.pt, .safetensors, .gguf, folders of Hugging Face) and training runs; Export writes every view as SVG, PDF or PNG, or its numbers. {0} finds any command, {1} lists all keys. Help has this tour.",
        "“文件”可打开模型（.pt、.safetensors、.gguf、Hugging Face 文件夹）和训练运行；“导出”把任何视图写为 SVG、PDF、PNG 或其数据。{0} 查找任何命令，{1} 列出所有按键。“帮助”中有本导览。",
    ),
    (
        "How far every attention head of a Transformer looks, and why",
        "看清 Transformer 的每个注意力头看多远，以及为什么",
    ),
    (
        "{0} {1}, {2} · egui {3} · candle {4}",
        "{0} {1}，{2} · egui {3} · candle {4}",
    ),
    (
        "MIT or Apache-2.0: free to use, to change and to pass on. It opens no network connection.",
        "MIT 或 Apache-2.0，任选其一：可自由使用、修改和传播。本程序不建立任何网络连接。",
    ),
    ("Method", "方法"),
    ("Fonts", "字体"),
    ("Texts and models", "文本与模型"),
    ("{0} libraries", "{0} 个库"),
    ("Copy versions", "复制版本信息"),
    (
        "Versions and system, for a report of a defect",
        "版本和系统，供报告缺陷之用",
    ),
    (
        "On Wayland no files can be dropped on the window: open them from the File menu.",
        "在 Wayland 上不能把文件拖放到窗口：请从“文件”菜单打开。",
    ),
    (
        "Files can be dropped on the window: models, their folders, and texts.",
        "可以把文件拖到窗口上：模型及其文件夹，以及文本。",
    ),
    (
        "A view, in the order of the View menu",
        "某个视图，按视图菜单的顺序",
    ),
    ("click", "单击"),
    ("Click", "单击"),
    (
        "Select a head, a token or a vector; click a token again to deselect it",
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
    ("Arrows after a click", "点击后的方向键"),
    (
        "In the text: the caret, with Shift a range. In the map: move it. Esc gives the arrows back to heads",
        "在文本中：移动光标，加 Shift 选一段。在热图中：移动它。Esc 把方向键还给注意力头",
    ),
    (
        "In the text: by tokens or words",
        "在文本中：按词元或单词移动",
    ),
    ("Drag over the text", "在文本上拖动"),
    ("Select a range of the text", "选择一段文本"),
    ("Drag a plot", "拖动图"),
    ("Move it", "移动它"),
    ("Ctrl + wheel, pinch", "Ctrl + 滚轮，捏合"),
    ("Zoom a plot at the pointer", "以指针为中心缩放图"),
    ("Double click", "双击"),
    (
        "Reset a plot; in the text, select a word",
        "图恢复最初的样子；在文本中选单词",
    ),
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
    ("No matches", "没有匹配"),
    ("the text is not read", "文本未被读取"),
    ("This cannot be done now", "现在不能这样做"),
    (
        "↑ ↓ choose · Enter to run · Esc closes",
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
    ("Earlier session", "较早的会话"),
    ("Earlier sessions", "较早的会话"),
    ("none", "无"),
    (
        "What a window had when it was closed; what is open now is kept as well",
        "某个窗口关闭时的内容；现在打开的内容也会保留",
    ),
    (
        "Another window has this session open",
        "此会话已在另一个窗口中打开",
    ),
    ("The session cannot be opened: {0}", "无法打开会话：{0}"),
    (
        "Sessions of windows that did not close: {0}. File → Earlier sessions opens them",
        "未正常关闭的窗口的会话：{0} 个。可从“文件 → 较早的会话”打开",
    ),
    ("just now", "刚才"),
    ("{0} min ago", "{0} 分钟前"),
    ("{0} h ago", "{0} 小时前"),
    ("1 day ago", "1 天前"),
    ("{0} days ago", "{0} 天前"),
    ("Several heads", "多个头"),
    ("Their mean", "平均"),
    ("The largest", "最大值"),
    ("Memory for a text", "文本可用内存"),
    ("As the desktop", "随桌面"),
    ("Dark", "深色"),
    ("Light", "浅色"),
    (
        "A longer text is read to its end all the same; weights are then\navailable around the selected token.",
        "更长的文本照样读到末尾；此时备有的\n只是所选词元附近的权重。",
    ),
    ("⚠ assumptions", "⚠ 有假定"),
    (
        "What the file does not say, and where to set it",
        "文件没有说明的内容，以及在哪里设定",
    ),
    ("⚠ changed by hand", "⚠ 已手动更改"),
    (
        "Spans set or heads ablated; click to have all heads as trained",
        "设定了跨度或消融了头；单击可全部恢复为训练所得",
    ),
    ("Zoom: {0} %", "缩放：{0} %"),
    ("{0} · {1} layers × {2} heads", "{0} · {1} 层 × {2} 头"),
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
    // The text.
    (
        "None of this text is in the model's vocabulary.",
        "模型的词表不包含这段文本。",
    ),
    (
        "This model's vocabulary is not known: type token ids, such as 12 0 7",
        "此模型的词表未知：请输入词元编号，如 12 0 7",
    ),
    (
        "Type or paste a text: every view follows",
        "输入或粘贴文本：所有视图随之更新",
    ),
    ("Pasted text", "粘贴的文本"),
    (
        "{0} bytes: longer than what can be typed in here ({1})",
        "{0} 字节：超过可在此输入的长度（{1}）",
    ),
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
        "{0}; a sample model is open instead",
        "{0}；改为打开示例模型",
    ),
    ("{0} has changed since it was read", "{0} 自读取后已有改动"),
    (
        "{0}; a sample text is open instead",
        "{0}；改为打开示例文本",
    ),
    ("Assumed {0}", "假定 {0}"),
    ("the start of {0}", "{0} 的开头"),
    (
        "{0}, the vocabulary: the model opens without it",
        "{0}（词表）：模型打开时不带词表",
    ),
    ("{0} is gone", "{0} 已不存在"),
    ("{0}: the disk does not answer", "{0}：磁盘没有响应"),
    ("No thread to write the file: {0}", "没有线程可写文件：{0}"),
    ("No thread to read the file: {0}", "没有线程可读文件：{0}"),
    // The status bar.
    (
        "Underlined in the text; the model does not see them. Click to go to the next one",
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
    ("stopping…", "正在放弃…"),
    ("opening…", "正在打开…"),
    ("Read no text file", "不读此文本文件"),
    ("computing…", "正在计算…"),
    ("ready", "就绪"),
    ("Cancel", "取消"),
    (
        "{0} not in the vocabulary ({1} %)",
        "{0} 个不在词表中（{1} %）",
    ),
    (
        "{0}: {1} % of it is not in the model's vocabulary, and the model does not see that. Open another text, or the vocabulary of the text that the model learned from: File → Choose vocabulary…",
        "{0}：其中 {1} % 不在模型的词表中，模型看不到这些内容。请打开另一文本，或打开模型所学文本的词表：文件 → 选择词表…",
    ),
    ("the last {0} bytes are left out", "略去最后 {0} 字节"),
    ("longer than the context of {0}", "超出上下文长度 {0}"),
    (
        "The model was trained for shorter texts. Heads without a window see all of this one: what they use may lie beyond their reach, which is the context",
        "模型训练时的文本较短。没有窗口的头可看到整个文本：其使用范围可能超出其可达距离（即上下文长度）",
    ),
    (
        "weights available for tokens {0} to {1}",
        "备有词元 {0} 到 {1} 的权重",
    ),
    ("CPU · 1 thread", "CPU · 1 线程"),
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
    // What is typed into a field for a number.
    (
        "{0}: expected a whole number from {1} to {2}",
        "{0}：应为 {1} 到 {2} 之间的整数",
    ),
    (
        "{0}: expected a number from {1} to {2}",
        "{0}：应为 {1} 到 {2} 之间的数",
    ),
    (
        "--vocab and --ramp have no effect on a sample model: name the file that they are for",
        "--vocab 和 --ramp 对示例模型无效：请同时给出它们所属的模型文件",
    ),
];
