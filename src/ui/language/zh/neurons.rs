pub(super) const WORDS: &[(&str, &str)] = &[
    ("Places in many texts", "许多文本中的位置"),
    (
        "From a file of examples: the tokens that use it most, and some of every tenth of all tokens, by size. Click one to see it in its text.",
        "来自示例文件：使用它最多的词元，以及按大小分成的每个十分之一中的若干词元。单击可在其文本中查看。",
    ),
    (
        "None is open: spanscope examples MODEL --text FOLDER {0} {1} -o FILE.safetensors finds them.",
        "尚未打开：可用 spanscope examples MODEL --text FOLDER {0} {1} -o FILE.safetensors 找出。",
    ),
    (
        "The open file, of {0}, has none of {1}: add {2} {1} to spanscope examples.",
        "打开的文件（{0}）没有 {1} 的位置：请在 spanscope examples 中加上 {2} {1}。",
    ),
    ("{0}, {1} texts", "{0}，{1} 个文本"),
    (
        "Decile {0} of 10 of the tokens: {1} to {2}",
        "词元的第 {0}/10 个十分位：{1} 至 {2}",
    ),
    ("Promoting a token", "提升某词元"),
    (
        "The neurons of a layer, the most used first",
        "某一层的神经元，按使用量从多到少",
    ),
    (
        "The neurons of all layers whose values promote a token",
        "所有层中其值提升某词元的神经元",
    ),
    (
        "Which tokens use the selected neuron, and which it promotes",
        "谁在使用所选神经元，以及它提升哪些词元",
    ),
    ("Neuron {0}", "神经元 {0}"),
    ("Neuron", "神经元"),
    ("Weight", "权重"),
    (
        "This layer has no feed-forward sublayer.",
        "该层没有前馈子层。",
    ),
    (
        "This model has neither persistent vectors nor feed-forward sublayers.",
        "此模型既没有持久向量，也没有前馈子层。",
    ),
    ("mean |c|", "平均 |c|"),
    ("‖v‖", "‖v‖"),
    (
        "Effective share of the neurons by layer: click a layer to show it",
        "各层神经元的有效份额：单击某层以显示",
    ),
    ("expert", "专家"),
    ("Expert {0}", "专家 {0}"),
    ("Layer {0}: {1} neurons", "第 {0} 层：{1} 个神经元"),
    (
        "A neuron's use is the mean of |c|·‖v‖ over the tokens: c is what multiplies its value v, its column of the down projection; of a gated sublayer act(gate) · up, of a mixture of experts times the router's weight. Effective: exp(entropy) of the use among the neurons. Never used: less than 1 % of an even share.",
        "神经元的使用量是 |c|·‖v‖ 对词元的平均：c 是与其值 v（下投影的一列）相乘的数；门控子层中为 act(gate) · up，混合专家中再乘以路由权重。有效数：使用量在神经元间分布的 exp(熵)。从未使用：不足均匀份额的 1 %。",
    ),
    ("{0} of {1} tokens measured", "已测量 {0}/{1} 个词元"),
    (
        "Shares on a logarithmic axis of four decades",
        "份额使用跨四个数量级的对数坐标",
    ),
    ("{0} effective · {1} never used", "有效 {0} · 从未使用 {1}"),
    ("{0} effective", "有效 {0}"),
    (
        "{0} effective · {1} never used · {2} hold 50 %, {3} hold 90 %",
        "有效 {0} · 从未使用 {1} · {2} 个占 50 %，{3} 个占 90 %",
    ),
    (
        "Share of the tokens that choose each expert",
        "选择各专家的词元比例",
    ),
    (
        "chosen by {0} of the tokens, with the mean weight {1}",
        "被 {0} 的词元选中，平均权重 {1}",
    ),
    (
        "Shares of the neurons, the most used first: click one to select it",
        "神经元的份额，按使用量从多到少：单击以选择",
    ),
    ("{0} of the layer's use", "占该层使用量的 {0}"),
    ("No neuron is selected", "未选择神经元"),
    (
        "Click a neuron to see which tokens use it, and which tokens its value promotes.",
        "单击某个神经元，可查看哪些词元使用它，以及它的值提升哪些词元。",
    ),
    (
        "The tokens of the text at which its activation c is largest in size, with c. Click one to select it.",
        "文本中其激活 c 绝对值最大的词元及其 c。单击以选择。",
    ),
    ("No token uses it.", "没有词元使用它。"),
    (
        "The neuron's value, its column of the down projection, straight to the output embedding: change of each token's logit per unit of activation, less the mean over the vocabulary. Norms and all later layers are left out. The nearer a layer is to the output, the more this says; of a low layer it shows no more than a tendency. Where its activation is negative, what is raised is lowered.",
        "神经元的值（下投影的一列）直接送入输出嵌入：每单位激活引起的各词元 logit 变化，减去词表平均。归一化和之后各层均未计入。层越接近输出越有意义；低层只显示倾向。激活为负时，提升变为降低。",
    ),
    (
        "Change of the logit per unit of activation",
        "每单位激活的 logit 变化",
    ),
    ("The next more used neuron", "使用量更大的下一个神经元"),
    ("The next less used neuron", "使用量更小的下一个神经元"),
    ("Select no neuron", "不选神经元"),
    (
        "It adds nothing to the layer's output: the text runs again without it",
        "它对该层输出不作贡献：文本将在没有它的情况下重新运行",
    ),
    (
        "rank {0} of {1} by use · {2} of the layer's use · mean |c| {3} · ‖v‖ {4}",
        "使用量第 {0}/{1} 位 · 占该层使用量 {2} · 平均 |c| {3} · ‖v‖ {4}",
    ),
    ("its text or its id", "其文本或编号"),
    (
        "One token of the vocabulary, spaces included, or its id. The neurons are those of all layers.",
        "词表中的一个词元（含空格），或其编号。神经元来自所有层。",
    ),
    ("raise it", "提升"),
    ("lower it", "降低"),
    (
        "Which neurons promote a token? Their values are held against its row of the output embedding.",
        "哪些神经元提升某词元？将它们的值与该词元在输出嵌入中的行相比。",
    ),
    (
        "{0} (id {1}): change of its logit per unit of activation",
        "{0}（编号 {1}）：每单位激活的 logit 变化",
    ),
    (
        "The value's product with the token's row of the output embedding, less the mean over the vocabulary. Norms and later layers are left out. The share is that of the layer's use on this text.",
        "值与该词元在输出嵌入中的行之积，减去词表平均。归一化和之后各层未计入。份额指在本文本上占该层使用量的份额。",
    ),
    ("change", "变化"),
    ("share", "份额"),
    ("use of neurons", "神经元的使用"),
    (
        "the layer has no feed-forward sublayer, so it has no neurons",
        "该层没有前馈子层，因此没有神经元",
    ),
    ("Ablate neuron {0}", "消融神经元 {0}"),
    ("Restore neuron {0}", "恢复神经元 {0}"),
];
