pub(super) const WORDS: &[(&str, &str)] = &[
    ("following", "跟随中"),
    (
        "Every checkpoint that the run writes is shown; click to pause",
        "训练每写一个检查点就显示；点击暂停",
    ),
    ("stopped", "已停止"),
    (
        "No program trains this run now. `spanscope train --resume` goes on with it, and the views follow again",
        "现在没有程序在训练。`spanscope train --resume` 可继续训练，各视图会再次跟随",
    ),
    ("{0} left", "剩余 {0}"),
    ("finished", "已完成"),
    (
        "The run has all its steps; if it is resumed with more, the views follow again",
        "训练的步数已满；若续训更多步，各视图会再次跟随",
    ),
    ("paused", "已暂停"),
    (
        "Newer checkpoints of the run are not shown; click to follow it",
        "不显示此次训练更新的检查点；点击跟随",
    ),
    ("paused: model is edited", "已暂停：模型有手动改动"),
    (
        "Goes on when all heads are as trained again; click to follow the run with the changes",
        "所有头恢复训练所得后继续；点击则带着改动跟随训练",
    ),
    ("the run's file is gone", "训练的文件不见了"),
    (
        "What was read last is on show; goes on when the file is back",
        "显示的是最后读到的内容；文件回来后继续",
    ),
    ("the run's file cannot be read", "训练的文件无法读取"),
    ("step {0} of {1}", "第 {0} 步，共 {1} 步"),
    ("Open training run…", "打开训练…"),
    ("Open training run", "打开训练"),
    (
        "The folder that spanscope train writes to; the views follow the training",
        "spanscope train 写入的文件夹；各视图跟随训练",
    ),
    ("Follow training run", "跟随训练"),
    (
        "Shows every checkpoint that the run writes, or stays with the one on show",
        "显示训练写出的每个检查点，或停留在当前这个",
    ),
    (
        "The open model is no training run: open the folder of one",
        "打开的模型不是训练：请打开训练的文件夹",
    ),
    ("Checkpoints of runs", "训练的检查点"),
    (
        "the folder that spanscope train writes to",
        "spanscope train 写入的文件夹",
    ),
    (
        "this folder holds no checkpoint.safetensors; name that of a training run",
        "此文件夹里没有 checkpoint.safetensors；请指定训练的文件夹",
    ),
];
