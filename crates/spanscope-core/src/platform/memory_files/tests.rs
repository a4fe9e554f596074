//! Files in memory against the same steps on a disk.

use super::*;
use crate::mixer::next;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

#[test]
fn what_is_written_is_read_and_listed_and_told() {
    let root = Path::new("/told");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&heard);
    watch(root, move |path, bytes| {
        lock(&to).push((path.to_owned(), bytes.map(<[u8]>::to_vec)));
    });
    assert!(is_dir(root), "a file can be saved there");
    write(root.join("a/b.txt"), "one").unwrap();
    write("/elsewhere/c", "unheard").unwrap();
    create_dir_all(root.join("empty")).unwrap();
    let listed: Vec<PathBuf> = read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(listed, [root.join("a"), root.join("empty")]);
    assert!(is_dir(&root.join("a")) && is_file(&root.join("a/b.txt")));
    // A path without a root is one of the root.
    assert_eq!(read_to_string("told/a/./../a/b.txt").unwrap(), "one");
    assert_eq!(metadata(root.join("a/b.txt")).unwrap().len(), 3);
    assert!(write(root.join("a"), "x").is_err(), "a folder is no file");
    assert!(remove_dir(root.join("a")).is_err() && remove_dir(root.join("empty")).is_ok());
    remove_file(root.join("a/b.txt")).unwrap();
    assert!(!exists(&root.join("a/b.txt")) && read(root.join("a/b.txt")).is_err());
    let path = root.join("a/b.txt");
    let expected = [(path.clone(), Some(b"one".to_vec())), (path, None)];
    assert_eq!(*lock(&heard), expected);
}

#[test]
fn an_open_file_reads_writes_and_seeks_as_one_on_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let on_disk = folder.path().join("file");
    let mut disk = std::fs::File::options();
    let disk = disk.read(true).write(true).create(true).truncate(true);
    let mut disk = disk.open(on_disk).unwrap();
    let mut memory = File::options().create(true).open("/open/file").unwrap();
    let mut state = 7;
    for _ in 0..500 {
        let (what, by) = (next(&mut state) % 4, (next(&mut state) % 40) as i64);
        let bytes = vec![by as u8; by as usize];
        let (mut left, mut right) = (vec![0; by as usize], vec![0; by as usize]);
        match what {
            0 => {
                disk.write_all(&bytes).unwrap();
                memory.write_all(&bytes).unwrap();
            }
            1 => {
                let read = disk.read(&mut left).unwrap();
                assert_eq!(memory.read(&mut right).unwrap(), read);
                assert_eq!(left, right);
            }
            2 => {
                let to = SeekFrom::Start(by as u64);
                assert_eq!(disk.seek(to).unwrap(), memory.seek(to).unwrap());
            }
            _ => {
                let to = SeekFrom::End(-by);
                let (left, right) = (disk.seek(to), memory.seek(to));
                assert_eq!(left.ok(), right.ok());
            }
        }
        let len = disk.metadata().unwrap().len();
        assert_eq!(memory.metadata().unwrap().len(), len);
    }
    // The content stays with who has it open.
    let content = memory.content();
    write("/open/file", "another").unwrap();
    assert_eq!(memory.content(), content);
}

#[test]
fn a_file_that_is_to_come_is_asked_for_once() {
    let path = Path::new("model.safetensors");
    assert_eq!(fetched(path), Fetched::Here);
    ask(path);
    ask(path);
    assert_eq!(asked(), [PathBuf::from("/model.safetensors")]);
    assert_eq!(fetched(path), Fetched::Coming);
    failed(path, "no such file".into());
    assert_eq!(fetched(path), Fetched::Failed("no such file".into()));
    // Wanted again, it is looked for again.
    ask(path);
    assert_eq!((fetched(path), asked().len()), (Fetched::Coming, 1));
    put(path, vec![1, 2]);
    ask(path);
    assert_eq!((fetched(path), asked().len()), (Fetched::Here, 0));
    assert_eq!(read(path).unwrap(), [1, 2]);
}
