use super::*;
use crate::model::Edits;
use crate::ui::document::history::Text;
use crate::ui::session::Session;
use crate::ui::session::writer::SessionWriter;
use std::time::Duration;

/// A window that keeps its session in `root`.
fn window(root: &Path, start: &Start) -> (Begun, String) {
    let begun = begin(root, start);
    let text = match &begun.stored.text {
        Some(KeptText::Here { text, .. }) => text.clone(),
        Some(KeptText::Beside { .. }) => begun.beside.clone().unwrap(),
        Some(KeptText::File { .. }) | None => String::new(),
    };
    (begun, text)
}

fn open(root: &Path) -> (Begun, String) {
    window(root, &Start::default())
}

fn text(words: &str) -> Text {
    Text {
        text: words.into(),
        ..Text::default()
    }
}

/// Has a window keep a text, and closes it.
fn close(begun: Begun, words: &str) {
    let mut writer = SessionWriter::new(begun.claim);
    writer.keep(begun.stored.session, &text(words));
}

/// The files of a folder as a crash leaves them: no lock, but the files of locks.
fn crashed(root: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                std::fs::create_dir(&to).unwrap();
                copy(&path, &to);
            } else {
                std::fs::copy(&path, &to).unwrap();
            }
        }
    }
    let left = tempfile::tempdir().unwrap();
    copy(root, left.path());
    left
}

/// A session that some window wrote, so many seconds ago.
fn put(folder: &Path, words: &str, ago: u64) {
    std::fs::create_dir_all(folder).unwrap();
    let kept = KeptText::Here {
        text: words.into(),
        name: String::new(),
    };
    let bytes = Session::default().stored(&kept, false).unwrap();
    std::fs::write(folder.join(FILE), bytes).unwrap();
    let then = SystemTime::now() - Duration::from_secs(ago);
    mark(folder, false, Some(then)).unwrap();
}

fn further(root: &Path, number: usize) -> PathBuf {
    root.join(format!("{FURTHER}{number}"))
}

#[test]
fn the_last_closed_comes_back_first_and_then_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (first, _) = open(root);
    let (second, _) = open(root);
    assert_ne!(first.claim.folder(), second.claim.folder());
    // A long text lies in a file beside the session: neither window takes away that of the other.
    let (long, longer) = ("long ".repeat(5000), "longer ".repeat(5000));
    close(second, &longer);
    close(first, &long);
    let (again, words) = open(root);
    assert_eq!(words, long);
    let (other, words) = open(root);
    assert_eq!(words, longer);
    // A third window begins with what the first shows, in a folder of its own.
    let (third, _) = open(root);
    assert_eq!(third.claim.folder(), further(root, 3));
    // Closed without a change, it is the last closed all the same.
    drop(SessionWriter::new(other.claim));
    drop(SessionWriter::new(third.claim));
    close(again, &long);
    assert_eq!(open(root).1, long);
    // One that never wrote leaves nothing.
    assert!(!further(root, 3).exists());
}

#[test]
fn a_second_window_begins_with_what_the_first_shows() {
    let folder = tempfile::tempdir().unwrap();
    let (first, _) = open(folder.path());
    let mut writer = SessionWriter::new(first.claim);
    for words in ["short", &"long ".repeat(5000)] {
        writer.keep(Session::default(), &text(words));
        let begin = std::time::Instant::now();
        while open(folder.path()).1 != words {
            assert!(begin.elapsed() < Duration::from_secs(60), "{words:.9}");
        }
    }
}

#[test]
fn what_windows_had_that_crashed_is_told_once_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut writers = Vec::new();
    for words in ["one", "two", "three"] {
        let mut writer = SessionWriter::new(open(folder.path()).0.claim);
        writer.keep(Session::default(), &text(words));
        let file = |n| match n {
            1 => folder.path().join(FILE),
            n => further(folder.path(), n).join(FILE),
        };
        while !file(writers.len() + 1).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        writers.push(writer);
    }
    let left = crashed(folder.path());
    assert!(left.path().join(".session.json.lock").exists());
    let (a, words) = open(left.path());
    assert_eq!((a.left, words.as_str()), (2, "three"));
    let (b, words) = open(left.path());
    assert_eq!((b.left, words.as_str()), (0, "two"));
    let (c, words) = open(left.path());
    assert_eq!((c.left, words.as_str()), (0, "one"));
}

#[test]
fn old_sessions_go_and_none_of_an_open_window() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // The older, the higher the number.
    put(root, "1", 10);
    for n in 2..=14 {
        put(&further(root, n), &n.to_string(), 10 * n as u64);
    }
    std::fs::write(further(root, 13).join("text-9-0.txt"), "x").unwrap();
    std::fs::write(further(root, 12).join("notes.md"), "somebody's").unwrap();
    let held = Claim::of(&further(root, 14)).unwrap().unwrap();
    let (begun, words) = open(root);
    assert_eq!(words, "1");
    let kept = found(root);
    assert_eq!(kept.len(), 2 + KEPT);
    for n in [2, 9, 14] {
        assert!(further(root, n).join(FILE).exists(), "{n}");
    }
    for n in [10, 11, 13] {
        assert!(!further(root, n).exists(), "{n}");
    }
    // What is not ours stays.
    assert!(further(root, 12).join("notes.md").exists());
    drop((held, begun));
    // With all windows closed, the free places are used again.
    let start = Start {
        text: Some("a.txt".into()),
        ..Start::default()
    };
    let begun = begin(root, &start);
    assert_eq!(begun.claim.folder(), further(root, 10));
}

#[test]
fn what_cannot_be_read_hides_nothing_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "older", 100);
    for (n, bytes) in [(2, &b"{\"text\""[..]), (3, b""), (4, b"\0\0\0")] {
        std::fs::create_dir(further(root, n)).unwrap();
        std::fs::write(further(root, n).join(FILE), bytes).unwrap();
    }
    // Names of no window, and a folder where a file should be.
    for name in ["window-01", "window-", "window-0", "window-1", "window-x"] {
        put(&root.join(name), name, 0);
    }
    std::fs::create_dir_all(further(root, 5).join(FILE)).unwrap();
    std::fs::write(further(root, 6), "a file").unwrap();
    assert_eq!(found(root).len(), 4);
    let (first, words) = open(root);
    assert_eq!(words, "older");
    // A time in the future does not win for ever.
    put(&further(root, 2), "future", 0);
    let late = SystemTime::now() + Duration::from_secs(1 << 33);
    mark(&further(root, 2), false, Some(late)).unwrap();
    assert!(
        found(root)
            .iter()
            .all(|found| found.at <= SystemTime::now())
    );
    drop(first);
    // Where all is spoilt the window opens as the very first time.
    for n in 1..=4 {
        let folder = if n == 1 {
            root.to_owned()
        } else {
            further(root, n)
        };
        std::fs::write(folder.join(FILE), "?").unwrap();
    }
    assert_eq!(open(root).0.stored, Stored::default());
}

#[test]
fn what_is_asked_for_takes_nothing_from_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let of = |file: &str| OpenModel::File(root.join(file));
    let mut edits = Edits::default();
    edits.set_ablated(0, 0, true);
    let put = |folder: &Path, model: OpenModel, words: &str| {
        let session = Session {
            model: Some(model),
            edits: edits.clone(),
            ..Session::default()
        };
        let kept = KeptText::Here {
            text: words.into(),
            name: String::new(),
        };
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(FILE), session.stored(&kept, false).unwrap()).unwrap();
    };
    put(root, of("a.pt"), "of a");
    put(&further(root, 2), of("b.pt"), "of b");
    let model = |file: &str| Start {
        model: Some(root.join(file)),
        ..Start::default()
    };
    // Each model has its own session again.
    let (a, words) = window(root, &model("a.pt"));
    assert_eq!((a.claim.folder(), words.as_str()), (root, "of a"));
    drop(a);
    // Another one begins with the text of the newest, and leaves the changes of its model where they are.
    let (c, words) = window(root, &model("c.pt"));
    assert_eq!(words, "of b");
    assert_eq!(c.claim.folder(), further(root, 3));
    drop(c);
    // So does a text from a file.
    let start = Start {
        text: Some("text.txt".into()),
        ..model("b.pt")
    };
    let (b, words) = window(root, &start);
    assert_eq!(words, "of b");
    assert_eq!(b.claim.folder(), further(root, 3));
    // Where the window will stand is known before, and changes nothing.
    assert_eq!(place(root, &start), Place::default());
    drop(b);
    assert_eq!(found(root).len(), 2);
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 2);
}

#[test]
fn a_session_that_a_window_has_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    put(root, "one", 10);
    let taken = take(root).unwrap().unwrap();
    assert!(take(root).unwrap().is_none());
    assert!(!is_idle(root));
    drop(taken);
    assert!(is_idle(root));
    assert!(take(&further(root, 2)).is_err());
    std::fs::write(root.join(FILE), "?").unwrap();
    assert!(take(root).is_err());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_to_is_read_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("sessions");
    put(&root, "one", 10);
    // No lock can be made there, whoever runs the test.
    std::fs::create_dir(root.join(".session.json.lock")).unwrap();
    let (begun, words) = open(&root);
    assert_eq!(words, "one");
    assert_ne!(begun.claim.folder(), root, "nothing is written over");
}
