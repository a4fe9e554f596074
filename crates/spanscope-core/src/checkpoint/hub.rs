//! Models by name: those that are in the cache of Hugging Face's hub on this machine. Nothing is ever fetched.

use super::error::CheckpointError;
use super::origin::plain_name;
use crate::files::{shown, shown_path};
use crate::platform::fs;
use crate::platform::time::SystemTime;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The beginning of the name of a model's folder in the cache.
const MODELS: &str = "models--";

/// Most models that are looked through for one whose owner is not said.
const MOST: usize = 10_000;

/// The path that `text` stands for: itself where there is such a file or folder, or where it cannot be a model's name; else the
/// newest version of the model `ORG/NAME`, or `NAME`, in the cache of Hugging Face's hub.
///
/// The cache is where `HF_HUB_CACHE` says, or `hub` in what `HF_HOME` says, or `~/.cache/huggingface/hub`.
///
/// # Errors
/// When it is a model's name and no such model is in the cache: the message says where it was looked for, and which command
/// fetches it.
pub fn resolve_model(text: &Path) -> Result<PathBuf, CheckpointError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    resolve_in(text, cache(variable).as_deref())
}

/// The folder of the cache, by the variables of the environment that `huggingface_hub` knows.
fn cache(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
        if let Some(folder) = variable(name) {
            return Some(PathBuf::from(folder));
        }
    }
    if let Some(folder) = variable("HF_HOME") {
        return Some(PathBuf::from(folder).join("hub"));
    }
    let user = match variable("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => {
            // A shell of another system sets HOME on Windows, too; the hub's library does not look at it there.
            let (first, second) = match cfg!(windows) {
                true => ("USERPROFILE", "HOME"),
                false => ("HOME", "USERPROFILE"),
            };
            let home = variable(first).or_else(|| variable(second))?;
            PathBuf::from(home).join(".cache")
        }
    };
    Some(user.join("huggingface").join("hub"))
}

fn resolve_in(text: &Path, cache: Option<&Path>) -> Result<PathBuf, CheckpointError> {
    // What is there is meant, and a link that leads nowhere is told as a file that is not there.
    if fs::symlink_metadata(text).is_ok() {
        return Ok(text.to_owned());
    }
    let Some(name) = text.to_str().filter(|text| is_name(text)) else {
        return Ok(text.to_owned());
    };
    let known = cache.and_then(|cache| {
        let folder = cache.join(format!("{MODELS}{}", name.replace('/', "--")));
        match fs::is_dir(&folder) {
            true => Some(folder),
            false => of_any_owner(cache, name),
        }
    });
    known.as_deref().and_then(snapshot).ok_or_else(|| {
        let looked = match cache {
            Some(cache) => shown_path(cache),
            None => "no cache: neither HF_HOME nor a home folder is known".into(),
        };
        CheckpointError::NotInCache {
            name: name.to_owned(),
            looked,
        }
    })
}

/// True if a text is a model's name, by the hub's rules, and no path to a file of a kind that is opened here.
fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        plain_name(part).is_some()
            && part.len() <= 96
            && !part.starts_with(['-', '.', '~'])
            && !part.ends_with(['-', '.'])
            && !part.contains("--")
            && !part.contains("..")
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let endings = ["safetensors", "pt", "pth", "bin", "gguf", "json", "ckpt"];
    let ending = Path::new(text).extension().unwrap_or_default();
    let is_file = endings
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known));
    text.split('/').count() <= 2 && text.split('/').all(is_part) && !is_file
}

/// The only model of this name in the cache, whoever it is of; `None` where there are several.
fn of_any_owner(cache: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return None;
    }
    let end = format!("--{name}");
    let mut found = None;
    for entry in fs::read_dir(cache).ok()?.take(MOST).flatten() {
        let file = entry.file_name();
        let owner = file.to_str().and_then(|file| {
            let owner = file.strip_prefix(MODELS)?.strip_suffix(&end)?;
            (!owner.contains("--")).then_some(())
        });
        if owner.is_some() && found.replace(entry.path()).is_some() {
            return None;
        }
    }
    found
}

/// The version of a model in the cache that is meant by its folder `models--ORG--NAME`: what `refs/main` says, else the newest.
pub(super) fn snapshot(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    let all = folder.join("snapshots");
    if !name.starts_with(MODELS) || !fs::is_dir(&all) {
        return None;
    }
    if let Some(main) = main(folder).map(|hash| all.join(hash))
        && fs::is_dir(&main)
    {
        return Some(main);
    }
    let entries = fs::read_dir(&all).ok()?.take(MOST).flatten();
    let folders = entries
        .map(|entry| entry.path())
        .filter(|path| fs::is_dir(path));
    let changed = |path: &PathBuf| {
        let info = fs::metadata(path).ok();
        info.and_then(|info| info.modified().ok())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    // Of the same age, always the same one.
    folders.max_by_key(|path| (changed(path), path.clone()))
}

/// The name `ORG/NAME` of the model that a path in a cache belongs to: its folder, a version's, or a file in one.
pub fn name_in_cache(path: &Path) -> Option<String> {
    let names = path.ancestors().take(4).filter_map(Path::file_name);
    let mut names = names.filter_map(|name| name.to_str()?.strip_prefix(MODELS));
    names.next().map(|name| name.replacen("--", "/", 1))
}

/// The hash in `refs/main`.
fn main(folder: &Path) -> Option<String> {
    /// More than a hash has, in bytes.
    const LONGEST: u64 = 256;
    let path = folder.join("refs").join("main");
    let info = fs::metadata(&path).ok()?;
    if !info.is_file() || info.len() > LONGEST {
        return None;
    }
    let hash = fs::read_to_string(path).ok()?;
    plain_name(hash.trim()).map(str::to_owned)
}

/// The message about a name that is not in the cache: the command that fetches it.
pub(super) fn advice(name: &str) -> String {
    match name.contains('/') {
        true => format!("fetch it with: hf download {}", shown(name)),
        false => format!(
            "fetch it with: hf download ORG/{}, ORG its owner on the hub",
            shown(name)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A cache with a model of two versions, `main` the older.
    fn cached() -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        let model = cache.path().join("models--openai-community--gpt2");
        for hash in ["aaa", "bbb"] {
            fs::create_dir_all(model.join("snapshots").join(hash)).unwrap();
        }
        fs::create_dir_all(model.join("refs")).unwrap();
        fs::write(model.join("refs/main"), "aaa\n").unwrap();
        cache
    }

    #[test]
    fn a_name_is_looked_up_in_the_cache() {
        let cache = cached();
        let of = |text: &str| resolve_in(Path::new(text), Some(cache.path()));
        let model = cache.path().join("models--openai-community--gpt2");
        let main = model.join("snapshots/aaa");
        assert_eq!(of("openai-community/gpt2").unwrap(), main);
        assert_eq!(of("gpt2").unwrap(), main);
        assert_eq!(snapshot(&model), Some(main));
        // Nothing leads out of the folder of snapshots, and no version is the newest by accident.
        fs::write(model.join("refs/main"), "../..").unwrap();
        assert!(of("gpt2").unwrap().starts_with(model.join("snapshots")));
        fs::create_dir_all(cache.path().join("models--other--gpt2/snapshots/x")).unwrap();
        let said = of("gpt2").unwrap_err().to_string();
        assert!(said.contains("hf download ORG/gpt2"), "{said}");
    }

    #[test]
    fn what_is_not_there_is_said_with_the_command_that_fetches_it() {
        let cache = cached();
        let said = resolve_in(Path::new("org/none"), Some(cache.path()))
            .unwrap_err()
            .to_string();
        let place = cache.path().to_string_lossy().into_owned();
        assert!(said.contains("hf download org/none"), "{said}");
        assert!(said.contains(&place), "{said}");
        assert!(resolve_in(Path::new("org/none"), None).is_err());
    }

    #[test]
    fn a_path_in_the_cache_has_the_models_name() {
        let of = |path: &str| name_in_cache(Path::new(path));
        let name = Some("org/a-b".to_owned());
        for path in [
            "c/models--org--a-b",
            "c/models--org--a-b/snapshots/abc",
            "c/models--org--a-b/snapshots/abc/model.safetensors",
        ] {
            assert_eq!(of(path), name);
        }
        assert_eq!(of("models--gpt2/snapshots/1").as_deref(), Some("gpt2"));
        assert_eq!(of("c/org/model.gguf"), None);
    }

    #[test]
    fn what_is_a_path_stays_one() {
        let cache = cached();
        let here = cache.path().join("models--openai-community--gpt2");
        assert_eq!(resolve_in(&here, None).unwrap(), here);
        for path in [
            "model.pt",
            "runs/model.safetensors",
            "a/b/c",
            "./gpt2",
            "../gpt2",
            "/gpt2",
            "~/gpt2",
            "gpt2/",
            "a--b",
            "",
            "x y",
        ] {
            assert!(!is_name(path), "{path}");
        }
        assert!(is_name("HuggingFaceTB/SmolLM2-135M") && is_name("meta-llama/Llama-3.2-1B"));
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<(String, OsString)> = set
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect();
            cache(move |name| {
                let found = set.iter().find(|(key, _)| key == name);
                found.map(|(_, value)| value.clone())
            })
        };
        let home = ("HOME", "h");
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[home]), Some("h/.cache/huggingface/hub".into()));
        assert_eq!(of(&[home, ("HF_HOME", "f")]), Some("f/hub".into()));
        assert_eq!(
            of(&[home, ("HF_HOME", "f"), ("HF_HUB_CACHE", "c")]),
            Some("c".into())
        );
    }
}
