pub(super) const WORDS: &[(&str, &str)] = &[
    (
        "Type a text to see where every head looks.",
        "输入文本，看每个头看向哪里。",
    ),
    ("Measuring all heads…", "正在测量所有头…"),
    ("By {0}", "按{0}"),
    ("Sort heads by", "注意力头排序依据"),
    ("Turn the order round", "反转顺序"),
    ("Shared colour scale", "统一色标"),
    (
        "The same colours for all heads; otherwise each head's largest weight has the last colour",
        "所有头使用同一颜色标尺；否则每个头的最大权重为最后一种颜色",
    ),
    ("Smaller thumbnails", "缩小缩略图"),
    ("Larger thumbnails", "放大缩略图"),
    ("Fit", "适合宽度"),
    ("A layer to a line, as large as fits", "每层一行，尽可能大"),
    ("Thumbnail of head {0}: {1} {2}", "头 {0} 的缩略图：{1} {2}"),
    ("distance (tokens) →, query ↓", "距离（词元）→，查询 ↓"),
    ("Query ↓ × distance →", "查询 ↓ × 距离 →"),
    (
        "queries {0} to {1}, distances {2} to {3} on a logarithmic axis, the same for all heads; each cell: its largest weight",
        "查询 {0} 至 {1}，距离 {2} 至 {3}（对数轴，各头相同）；每格为其中最大的权重",
    ),
    ("{0} % measured · {1}", "已测量 {0} % · {1}"),
    ("{0} % measured", "已测量 {0} %"),
    (
        "queries {0} to {1}, distances {2} to {3} (log)",
        "查询 {0} 至 {1}，距离 {2} 至 {3}（对数）",
    ),
];
