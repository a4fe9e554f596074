//! What a step of training takes. Placeholder of the measuring loop.
use spanscope::model::Device;
use spanscope::train::{Data, Options, Preset, Trainer};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let path = std::path::Path::new("../shared/data/tinyshakespeare.txt");
    let data = Data::read(path, None, false).unwrap();
    let base = Options {
        attn_span: 512,
        adapt_span_init: 0.0,
        dropout: 0.1,
        ..Preset::Sample.options()
    };
    let all = Options {
        inner_hidden_size: 0,
        pers_mem_size: 256,
        ..base.clone()
    };
    let long = Options {
        attn_span: 4096,
        ..base.clone()
    };
    let fixed = Options {
        adapt_span: false,
        attn_span: 1024,
        adapt_span_loss: 0.0,
        ..base.clone()
    };
    for (name, options) in [
        ("ff", base),
        ("pers", all),
        ("S4096", long),
        ("fixed1024", fixed),
    ] {
        if args.len() > 1 && !args[1].starts_with("--") && args[1] != name {
            continue;
        }
        let mut trainer = Trainer::new(options, data.clone(), Device::Cpu).unwrap();
        for _ in 0..3 {
            trainer.step().unwrap();
        }
        let mut times: Vec<f64> = (0..12)
            .map(|_| {
                let t = Instant::now();
                trainer.step().unwrap();
                t.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!(
            "{name}: median {:.0} ms, min {:.0}, loss {:.3}",
            times[6],
            times[0],
            trainer.step().unwrap().nats / std::f64::consts::LN_2
        );
    }
}
