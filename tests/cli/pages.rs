//! Runs as pages, whose window is made by `packaging/web.sh`: here another stands in its place.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Read as _;

const TEXT: &str = "assets/texts/encyclopedia.txt";

/// The run in a page, unpacked.
fn run_in(page: &str) -> Vec<u8> {
    let (_, rest) = page.split_once("data-name=\"run.safetensors\">").unwrap();
    let (packed, _) = rest.split_once("</script>").unwrap();
    let packed = STANDARD.decode(packed).unwrap();
    let mut run = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(&*packed);
    unpacked.read_to_end(&mut run).unwrap();
    run
}

#[test]
fn a_page_holds_the_run_file_that_record_writes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let web = at("web");
    std::fs::create_dir(&web).unwrap();
    let window = "<title>spanscope</title><!--run--><script>the window</script>";
    std::fs::write(Path::new(&web).join("page.html"), window).unwrap();
    let (page, again) = (at("run.html"), at("again.safetensors"));
    let args = ["record", WIKITEXT, "--text", TEXT, "--web", &web];
    let options = ["--dtype", "f16", "--tokens", "64..128", "-o", &page];
    let done = program(&[&args[..], &options].concat()).assert().success();
    let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(said.contains("the page will take"), "{said}");
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<title>run.safetensors – spanscope</title>"));
    assert!(html.ends_with("<script>the window</script>"));
    // What is in it opens as any run file, and is of these tokens.
    std::fs::write(&again, run_in(&html)).unwrap();
    let info = json(&["info", &again, "--json"]);
    assert_eq!(info["recorded"]["dtype"], "f16");
    let written = at("run.safetensors");
    let options = ["--dtype", "f16", "--tokens", "64..128", "-o", &written];
    program(&[&args[..4], &options].concat()).assert().success();
    let (a, b) = (
        std::fs::read(&again).unwrap(),
        std::fs::read(&written).unwrap(),
    );
    assert_eq!(a.len(), b.len());
    let surprisals = tensor(&a, "text.0.nll");
    assert!(surprisals.is_some());
    assert_eq!(surprisals, tensor(&b, "text.0.nll"));
    // Written whole or not at all, and never over another.
    assert!(complaint(&[&args[..], &["-o", &page]].concat(), 1).contains("--force"));
}

#[test]
fn a_page_without_its_window_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let args = ["record", WIKITEXT, "--text", TEXT, "-o"];
    let said = complaint(&[&args[..], &[&at("run.html")]].concat(), 1);
    assert!(
        said.contains("packaging/web.sh") && said.contains("--web"),
        "{said}"
    );
    let web = ["--web", folder.path().to_str().unwrap()];
    let said = complaint(&[&args[..], &[&at("run.html")], &web].concat(), 1);
    assert!(said.contains("page.html"), "{said}");
    let said = complaint(&[&args[..], &[&at("run.safetensors")], &web].concat(), 2);
    assert!(said.contains(".html"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
