//! `train`: a network that learns how far to look.

use super::common::{prepare, say};
use super::interrupt;
use super::train_args::TrainArgs;
use super::usage::{Stopped, Usage};
use crate::chart::thousands;
use crate::checkpoint::in_folder;
use crate::files::Held;
use crate::model::Device;
use crate::shown::{duration, shown_path};
use crate::text::{Accept, Vocabulary};
use crate::train::{Begun, CHECKPOINT, Data, Entry, Options, TrainError, Trainer};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Checkpoints take at most this share of the time.
const SAVING: f64 = 0.02;

pub(super) fn run(args: &TrainArgs, out: &mut impl Write) -> Result<()> {
    prepare(&args.common())?;
    let (mut trainer, path, _held) = match &args.resume {
        Some(folder) => resume(args, folder)?,
        None => begin(args)?,
    };
    let quiet = args.run.quiet;
    if !quiet {
        introduce(&trainer, &path);
    }
    if trainer.is_done() {
        say(format_args!(
            "all {} steps are done; --niter N with a larger N goes on",
            thousands(trainer.options().steps() as usize)
        ));
        return Ok(());
    }
    let stop = interrupt::flag();
    let bar = bar(&trainer, quiet);
    let mut saving = Saving::new(args.save_every);
    let mut shown = Shown::new(quiet);
    if args.resume.is_none() {
        // A window can open and follow the run from its first moment on, and what cannot be written is known before the work is done.
        saving.save(&mut trainer, &path)?;
    }
    while !trainer.is_done() && !stop.load(Ordering::Relaxed) {
        let step = trainer.step()?;
        shown.tell(&trainer, step.nats, step.tokens, &bar, saving.step)?;
        if let Some(entry) = &step.entry {
            if args.json {
                let told = writeln!(out, "{}", json(entry)).and_then(|()| out.flush());
                if let Err(error) = told {
                    trainer.save(&path)?;
                    let why = match error.kind() {
                        ErrorKind::BrokenPipe => "nobody reads the results any more".to_owned(),
                        _ => format!("stdout: {error}"),
                    };
                    return Err(anyhow::anyhow!(undone(
                        &trainer,
                        &path,
                        &format!(" ({why})")
                    )));
                }
            }
            if !quiet {
                bar.suspend(|| say(format_args!("{}", line(entry, &trainer))));
                shown.has_told();
            }
        }
        if step.entry.is_some() || saving.is_due() {
            saving.save(&mut trainer, &path)?;
        }
    }
    bar.finish_and_clear();
    trainer.save(&path)?;
    if !trainer.is_done() {
        return Err(Stopped(undone(&trainer, &path, "")).into());
    }
    let folder = shown_path(path.parent().unwrap_or(&path));
    if !quiet {
        say(format_args!(
            "done: {} steps in {}",
            thousands(trainer.step_number() as usize),
            duration(trainer.seconds()),
        ));
        say(format_args!("look at it:  spanscope {folder}"));
        say(format_args!(
            "pass it on:  spanscope convert {folder} model.safetensors --dtype f16"
        ));
    }
    Ok(())
}

/// What is said of a run that was stopped, for a reason that may be given as " (…)", and is saved.
fn undone(trainer: &Trainer, path: &Path, why: &str) -> String {
    format!(
        "stopped after step {} of {}{why}, which is saved; go on with: spanscope train --resume {}",
        thousands(trainer.step_number() as usize),
        thousands(trainer.options().steps() as usize),
        shown_path(path.parent().unwrap_or(path))
    )
}

/// The run's checkpoint is this program's as long as the result lives.
fn hold(path: &Path) -> Result<Held> {
    let held = Held::claim(path).map_err(|source| TrainError::Folder {
        path: path.parent().unwrap_or(path).to_owned(),
        source,
    })?;
    held.ok_or_else(|| {
        let path = path.to_owned();
        TrainError::Held { path }.into()
    })
}

fn begin(args: &TrainArgs) -> Result<(Trainer, PathBuf, Held)> {
    let (Some(source), Some(folder)) = (&args.data, &args.output) else {
        return Err(Usage("--data and --output are needed, or --resume".into()).into());
    };
    let path = folder.join(CHECKPOINT);
    if path.exists() {
        return Err(TrainError::RunExists { path }.into());
    }
    let options = args.options();
    // Mistakes in the options are told before a large text is read; what depends on the vocabulary shows later.
    options.config(usize::MAX).map_err(usage)?;
    args.check(&options)?;
    let by_count = !options.adapt_io_cutoffs.is_empty();
    let vocabulary = args.run.vocab.as_ref();
    let vocabulary = vocabulary.map(|file| Vocabulary::of_any_size(file, by_count));
    let data = read(source, vocabulary.transpose()?, &options, args)?;
    let trainer = Trainer::new(options, data, Device::from(args.run.device)).map_err(usage)?;
    std::fs::create_dir_all(folder).map_err(|source| TrainError::Folder {
        path: folder.clone(),
        source,
    })?;
    let held = hold(&path)?;
    // Another run may have begun here while the text was read.
    if path.exists() {
        return Err(TrainError::RunExists { path }.into());
    }
    Ok((trainer, path, held))
}

fn resume(args: &TrainArgs, folder: &Path) -> Result<(Trainer, PathBuf, Held)> {
    let path = in_folder(folder);
    let Begun {
        data: source,
        mut options,
        vocabulary,
    } = Trainer::peek(&path)?;
    if let Some(file) = &args.run.vocab {
        // The run's own may be given again.
        let given = Vocabulary::of_any_size(file, !options.adapt_io_cutoffs.is_empty())?;
        if given != vocabulary {
            return Err(Usage(format!(
                "{}: this is another vocabulary than the run's own, with which --resume goes on: leave --vocab out",
                shown_path(file)
            ))
            .into());
        }
    }
    let held = hold(&path)?;
    args.change(&mut options)?;
    args.check(&options)?;
    let source = args.data.as_ref().unwrap_or(&source);
    let data = read(source, Some(vocabulary), &options, args)?;
    let device = Device::from(args.run.device);
    let mut trainer = Trainer::resume(&path, data, device, |own| *own = options).map_err(usage)?;
    if let Some(share) = args.spans.adapt_span_init {
        trainer.set_spans(share).map_err(usage)?;
    }
    Ok((trainer, path, held))
}

/// An option that is out of range is wrong usage.
fn usage(error: TrainError) -> anyhow::Error {
    match error {
        TrainError::Option { .. } => Usage(error.to_string()).into(),
        other => other.into(),
    }
}

fn read(
    source: &Path,
    vocabulary: Option<Vocabulary>,
    options: &Options,
    args: &TrainArgs,
) -> Result<Data> {
    let by_count = !options.adapt_io_cutoffs.is_empty();
    // A run is resumed from any folder. What Windows calls canonical begins with `\\?\`, which nobody types.
    let whole = match cfg!(windows) {
        true => std::path::absolute(source),
        false => source.canonicalize(),
    };
    let source = whole.unwrap_or_else(|_| source.to_owned());
    // What a run was begun with, it may go on with: its text is held against the one that it was begun with.
    let data = match args.run.any_text || args.resume.is_some() {
        true => Data::read_accepted(&source, vocabulary, by_count, Accept::AnyBytes)?,
        false => Data::read(&source, vocabulary, by_count)?,
    };
    let parts = [
        ("to learn from", &data.coverage),
        ("to validate on", &data.valid_coverage),
    ];
    for (what, coverage) in parts.iter().filter(|_| !args.run.quiet) {
        if coverage.missing > 0 {
            say(format_args!(
                "{}, {what}: {}; left out",
                shown_path(&source),
                coverage.words()
            ));
        }
    }
    Ok(data)
}

fn introduce(trainer: &Trainer, path: &Path) {
    let (data, config) = (trainer.data(), trainer.config());
    let kind = match config.pers_mem_size {
        0 => format!("feed-forward {}", config.inner_hidden_size),
        n => format!("{n} persistent vectors per head"),
    };
    let span = match config.adapt_span {
        true => format!("adaptive span up to {}", config.attn_span),
        false => format!("fixed span {}", config.attn_span),
    };
    say(format_args!(
        "{} layers × {} heads, hidden size {}, {kind}, {span}; {} parameters",
        config.nb_layers,
        config.nb_heads,
        config.hidden_size,
        thousands(trainer.parameters())
    ));
    say(format_args!(
        "{}: {} tokens to learn from, {} to validate on, {} different; run in {}",
        shown_path(&data.path),
        thousands(data.train.len()),
        thousands(data.valid.len()),
        thousands(data.vocabulary.len()),
        shown_path(path.parent().unwrap_or(path))
    ));
    if trainer.step_number() > 0 {
        say(format_args!(
            "going on after step {}",
            thousands(trainer.step_number() as usize)
        ));
    }
}

fn bar(trainer: &Trainer, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(trainer.options().steps()).with_position(trainer.step_number());
    let template = "{bar:24} {human_pos}/{human_len} {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

/// Time until the first word about how it goes where there is no bar, and between two of them: a log interval may be
/// an hour long.
const FIRST_WORD: Duration = Duration::from_secs(3);
const NEXT_WORD: Duration = Duration::from_secs(60);

/// What the bar says, smoothed; where there is none, what a line says every now and then.
#[derive(Debug)]
struct Shown {
    quiet: bool,
    nats: Option<f64>,
    /// Tokens and seconds of the last steps, the older the less.
    rate: (f64, f64),
    last: Option<Instant>,
    /// When the next line is due.
    due: Instant,
}

impl Shown {
    fn new(quiet: bool) -> Self {
        Self {
            quiet,
            nats: None,
            rate: (0.0, 0.0),
            last: None,
            due: Instant::now() + FIRST_WORD,
        }
    }

    /// A line has been said.
    fn has_told(&mut self) {
        self.due = Instant::now() + NEXT_WORD;
    }

    fn tell(
        &mut self,
        trainer: &Trainer,
        nats: f64,
        tokens: usize,
        bar: &ProgressBar,
        saved: Option<u64>,
    ) -> Result<()> {
        let smooth = self.nats.map_or(nats, |before| 0.95 * before + 0.05 * nats);
        self.nats = Some(smooth);
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            let seconds = now.duration_since(last).as_secs_f64();
            self.rate = (
                0.95 * self.rate.0 + tokens as f64,
                0.95 * self.rate.1 + seconds,
            );
        }
        bar.set_position(trainer.step_number());
        let is_due = !self.quiet && now >= self.due;
        if bar.is_hidden() && !is_due {
            return Ok(());
        }
        let left = trainer
            .options()
            .steps()
            .saturating_sub(trainer.step_number());
        let [speed, left] = pace(self.rate, left as f64 * tokens as f64);
        let reaches = trainer.reaches()?;
        let mean = reaches.iter().sum::<usize>() as f64 / reaches.len().max(1) as f64;
        let longest = reaches.iter().max().copied().unwrap_or(0);
        let saved = match saved {
            Some(step) => format!("saved at step {}", thousands(step as usize)),
            None => "not saved yet".to_owned(),
        };
        let words = format!(
            "{}{speed} · reach {mean:.0}, longest {longest}{left} · {saved}",
            loss(smooth, trainer.data().is_words()),
        );
        if bar.is_hidden() {
            let [step, steps] = [trainer.step_number(), trainer.options().steps()];
            let [step, steps] = [step, steps].map(|n| thousands(n as usize));
            say(format_args!("step {step} of {steps}: train {words}"));
            self.has_told();
        } else {
            bar.set_message(words);
        }
        Ok(())
    }
}

/// The speed, and the time that so many tokens take at it; nothing before there is a speed.
fn pace((tokens, seconds): (f64, f64), left: f64) -> [String; 2] {
    if tokens <= 0.0 || seconds <= 0.0 {
        return [String::new(), String::new()];
    }
    let speed = tokens / seconds;
    [
        format!(" · {} tokens/s", thousands(speed as usize)),
        format!(" · {} left", duration(left / speed)),
    ]
}

/// When checkpoints are due.
struct Saving {
    every: Duration,
    last: Instant,
    /// What the last one took.
    took: Duration,
    /// The step that it was written after.
    step: Option<u64>,
}

impl Saving {
    fn new(seconds: u64) -> Self {
        Self {
            every: Duration::from_secs(seconds),
            last: Instant::now(),
            took: Duration::ZERO,
            step: None,
        }
    }

    fn is_due(&self) -> bool {
        self.last.elapsed() >= self.every.max(self.took.div_f64(SAVING))
    }

    fn save(&mut self, trainer: &mut Trainer, path: &Path) -> Result<()> {
        let started = Instant::now();
        trainer.save(path)?;
        self.took = started.elapsed();
        self.step = Some(trainer.step_number());
        self.last = Instant::now();
        Ok(())
    }
}

fn line(entry: &Entry, trainer: &Trainer) -> String {
    let words = trainer.data().is_words();
    let spans = match entry.spans.is_empty() {
        true => String::new(),
        false => {
            let config = trainer.config();
            let (mean, longest) = entry.reach(config.adapt_span_ramp, config.attn_span);
            format!(", reach {mean:.1}, longest {longest:.0}")
        }
    };
    format!(
        "step {:>7}: train {}, validation {}{spans}",
        thousands(entry.step as usize),
        loss(entry.train_nats, words),
        loss(entry.valid_nats, words)
    )
}

fn json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "step": entry.step,
        "train_nats": entry.train_nats,
        "valid_nats": entry.valid_nats,
        "lr": entry.lr,
        "spans": entry.spans,
    })
}

fn loss(nats: f64, words: bool) -> String {
    match words {
        true => format!("perplexity {:.1}", nats.exp()),
        false => format!("{:.3} bits/token", nats / std::f64::consts::LN_2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_told_before_there_is_a_speed() {
        assert_eq!(pace((0.0, 0.0), 1e6), ["", ""]);
        assert_eq!(pace((0.0, 2.0), 1e6), ["", ""]);
        let [speed, left] = pace((4000.0, 2.0), 240_000.0);
        assert_eq!(speed, " · 2,000 tokens/s");
        assert!(
            left.starts_with(" · 2 min") && left.ends_with(" left"),
            "{left}"
        );
    }
}
