//! `spanscope [FILE]`: the window, or what can be done without one.

use super::Usage;
use super::args::WindowArgs;
use super::common::{prepare, say};
use super::demo;
use super::recorded::{has_text, stands_alone};
use crate::model::Device;
use crate::shown::shown_path;
use crate::ui::{self, Start, WindowError};
use anyhow::Result;

pub(super) fn run(args: &WindowArgs) -> Result<()> {
    let common = &args.common;
    prepare(common)?;
    stands_alone(args.model.as_deref(), args.text.as_deref(), common)?;
    has_text(args.model.as_deref(), args.index)?;
    // A window in which no model can be opened is of no use.
    Device::from(common.device).check()?;
    if let Some(reason) = no_display() {
        return without(args, &reason);
    }
    let start = Start {
        model: args.model.clone(),
        text: args.text.clone(),
        vocab: common.vocab.clone(),
        ramp: common.ramp,
        memory: args.memory,
        special_tokens: common.special_tokens(),
        device: common.device.into(),
        any_text: common.any_text,
        recorded: args.index,
    };
    match ui::run(start) {
        Ok(()) => Ok(()),
        Err(WindowError::NoWindow(reason)) => without(args, &reason),
        Err(error) => Err(error.into()),
    }
}

/// Why there can be no window, as far as the environment tells.
fn no_display() -> Option<String> {
    // Elsewhere the system always has a screen to draw on, or says so when asked.
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return None;
    }
    let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    (unset("DISPLAY") && unset("WAYLAND_DISPLAY"))
        .then(|| "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".into())
}

/// Asked for something, says how to get it; asked for nothing, shows what there is.
fn without(args: &WindowArgs, reason: &str) -> Result<()> {
    if super::unseen::is_unseen() {
        anyhow::bail!("the window cannot open: {reason}");
    }
    let common = &args.common;
    let asked = args.model.is_some() || args.text.is_some();
    let as_usual = common.vocab.is_none() && common.ramp.is_none();
    if !asked && as_usual && Device::from(common.device) == Device::Cpu {
        if !common.quiet {
            say(format_args!(
                "The window cannot open: {reason}. Running the sample model without it."
            ));
        }
        return demo::run(common.quiet, &mut super::screen::Screen::of_process());
    }
    let model = match &args.model {
        Some(path) => shown_path(path),
        None => "MODEL".into(),
    };
    Err(Usage(format!(
        "the window cannot open: {reason}
These commands need none:
  spanscope info {model}                                          what is in the file
  spanscope spans {model} -o spans.svg                            how far every head looks
  spanscope eval {model} --text FILE                              how well it predicts a text
  spanscope attention {model} --text FILE --layer I --head J      one head's weights
  spanscope persistent {model} --text FILE                        where its weight goes
  spanscope record {model} --text FILE -o RUN.safetensors         all of it, to be opened where there is a display
  spanscope generate {model} --prompt TEXT                        continues a text
  spanscope convert {model} OUT.safetensors                       one self-contained file
  spanscope shot OUT.png --model {model}                          the window as a picture
`spanscope --help` tells more."
    ))
    .into())
}
