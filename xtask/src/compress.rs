//! Compressed variants of files, laid beside them for the server to choose from.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::{Context, Result};

/// How much time compressing may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For every build of the app.
    Quick,
    /// For figures, as a server in earnest would.
    Best,
}

/// The kinds of file that get smaller. Pictures and fonts are compressed already.
const KINDS: [&str; 9] = ["html", "js", "mjs", "css", "wasm", "svg", "json", "txt", "webmanifest"];
/// Below this, in bytes, a variant saves no packet.
const SMALLEST: u64 = 1024;

/// Lays `.br` and `.gz` variants beside every file of the folder that gets smaller by it.
pub(crate) fn folder(folder: &Path, effort: Effort) -> Result<()> {
    for file in files(folder)? {
        let length = file.metadata().context(|| format!("read {}", file.display()))?.len();
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if length < SMALLEST || !KINDS.contains(&kind) {
            continue;
        }
        let bytes = std::fs::read(&file).context(|| format!("read {}", file.display()))?;
        for (suffix, variant) in [("br", brotli(&bytes, effort)?), ("gz", gzip(&bytes, effort)?)] {
            if variant.len() < bytes.len() {
                let path = PathBuf::from(format!("{}.{suffix}", file.display()));
                std::fs::write(&path, variant).context(|| format!("write {}", path.display()))?;
            }
        }
    }
    Ok(())
}

/// Every file below a folder, in a steady order.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).context(|| format!("read {}", folder.display()))?;
        for entry in entries {
            let path = entry.context(|| format!("read {}", folder.display()))?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// The bytes in Brotli.
pub(crate) fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let quality = if effort == Effort::Best { 11 } else { 6 };
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 64 * 1024, quality, 22);
    writer.write_all(bytes).and_then(|()| writer.flush()).context(|| "compress with Brotli".to_owned())?;
    drop(writer);
    Ok(out)
}

/// The bytes in gzip.
pub(crate) fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = if effort == Effort::Best { 9 } else { 6 };
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    writer.write_all(bytes).context(|| "compress with gzip".to_owned())?;
    writer.finish().context(|| "compress with gzip".to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn variants_lie_beside_the_files_that_get_smaller_and_hold_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let text = "the same words again and again, ".repeat(200);
        std::fs::create_dir(dir.path().join("deep")).unwrap();
        std::fs::write(dir.path().join("deep/app.js"), &text).unwrap();
        std::fs::write(dir.path().join("tiny.js"), "x").unwrap();
        std::fs::write(dir.path().join("picture.png"), &text).unwrap();
        folder(dir.path(), Effort::Quick).unwrap();
        folder(dir.path(), Effort::Quick).unwrap();

        let names: Vec<String> = files(dir.path())
            .unwrap()
            .iter()
            .map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["deep/app.js", "deep/app.js.br", "deep/app.js.gz", "picture.png", "tiny.js"]);
        let mut back = String::new();
        let gz = std::fs::read(dir.path().join("deep/app.js.gz")).unwrap();
        flate2::read::GzDecoder::new(gz.as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let br = std::fs::read(dir.path().join("deep/app.js.br")).unwrap();
        let mut back = String::new();
        brotli::Decompressor::new(br.as_slice(), 4096).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }
}
