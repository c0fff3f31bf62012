//! What a content is.
//!
//! A client's word for it is not asked: a browser believes ours, and a page that calls itself a picture must
//! not become one.

use super::FileName;

/// As much of a content's beginning as is looked at, in bytes.
pub const HEAD_BYTES: usize = 4096;

/// The media type of a content that begins so. Where the content only says that it is text, or an archive,
/// the name's extension says what kind of text or archive.
#[must_use]
pub fn sniff(head: &[u8], name: &FileName) -> &'static str {
    let extension = name.extension();
    let found = SIGNATURES.iter().find(|(marks, _)| {
        marks
            .iter()
            .all(|(offset, mark)| head.get(*offset..).is_some_and(|rest| rest.starts_with(mark)))
    });
    match found {
        Some((_, "application/zip")) => named(ARCHIVES, &extension).unwrap_or("application/zip"),
        Some((_, kind)) => kind,
        None if !is_text(head) => "application/octet-stream",
        None => named(TEXTS, &extension).unwrap_or_else(|| markup(head)),
    }
}

/// Whether a browser may show such a content on our own origin: nothing in it runs or loads anything.
#[must_use]
pub fn is_harmless(kind: &str) -> bool {
    is_image(kind) || kind == "text/plain"
}

/// The media type to answer a content with. What a browser could run as a script or apply as a style, from a page that
/// names it, is plain text there: a stranger's file is never part of a page of ours.
#[must_use]
pub fn served_as(kind: &str) -> &str {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let subtype = essence.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    // WHATWG MIME Sniffing, "JavaScript MIME type", and style sheets, XSLT ones included.
    let is_active = subtype.contains("javascript")
        || subtype.contains("ecmascript")
        || matches!(
            subtype.as_str(),
            "jscript" | "livescript" | "css" | "xsl" | "xslt" | "xslt+xml"
        );
    if is_active { "text/plain" } else { kind }
}

/// Whether it is a picture that pages may show.
#[must_use]
pub fn is_image(kind: &str) -> bool {
    matches!(
        kind,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp"
    )
}

/// Where something stands in a content, and what.
type Mark = (usize, &'static [u8]);

/// From the formats' own specifications. The first one that fits counts.
const SIGNATURES: &[(&[Mark], &str)] = &[
    (&[(0, b"\x89PNG\r\n\x1a\n")], "image/png"),
    (&[(0, b"\xff\xd8\xff")], "image/jpeg"),
    (&[(0, b"GIF87a")], "image/gif"),
    (&[(0, b"GIF89a")], "image/gif"),
    (&[(0, b"RIFF"), (8, b"WEBP")], "image/webp"),
    (&[(4, b"ftypavif")], "image/avif"),
    (&[(4, b"ftypavis")], "image/avif"),
    (&[(4, b"ftypheic")], "image/heic"),
    // Two letters are little: the four reserved bytes behind the size are zero.
    (&[(0, b"BM"), (6, b"\0\0\0\0")], "image/bmp"),
    (&[(0, b"II*\0")], "image/tiff"),
    (&[(0, b"MM\0*")], "image/tiff"),
    (&[(0, b"%PDF-")], "application/pdf"),
    (&[(0, b"PK\x03\x04")], "application/zip"),
    (&[(0, b"PK\x05\x06")], "application/zip"),
    (&[(0, b"\x1f\x8b\x08")], "application/gzip"),
    (&[(0, b"7z\xbc\xaf\x27\x1c")], "application/x-7z-compressed"),
    (&[(0, b"\x28\xb5\x2f\xfd")], "application/zstd"),
    (&[(0, b"\xfd7zXZ\0")], "application/x-xz"),
    (&[(0, b"BZh")], "application/x-bzip2"),
    (&[(257, b"ustar")], "application/x-tar"),
    (&[(0, b"SQLite format 3\0")], "application/vnd.sqlite3"),
    (&[(4, b"ftypqt")], "video/quicktime"),
    (&[(4, b"ftypM4A")], "audio/mp4"),
    (&[(4, b"ftyp")], "video/mp4"),
    (&[(0, b"\x1a\x45\xdf\xa3")], "video/webm"),
    (&[(0, b"OggS")], "audio/ogg"),
    (&[(0, b"fLaC")], "audio/flac"),
    (&[(0, b"RIFF"), (8, b"WAVE")], "audio/wav"),
    (&[(0, b"ID3")], "audio/mpeg"),
    (&[(0, b"\xff\xfb")], "audio/mpeg"),
    (&[(0, b"wOF2")], "font/woff2"),
    (&[(0, b"\0asm")], "application/wasm"),
];

/// Formats that lie in a ZIP archive.
const ARCHIVES: &[(&str, &str)] = &[
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("epub", "application/epub+zip"),
    ("kmz", "application/vnd.google-earth.kmz"),
];

/// Formats that are text.
const TEXTS: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("csv", "text/csv"),
    ("md", "text/markdown"),
    ("json", "application/json"),
    ("geojson", "application/geo+json"),
    ("xml", "application/xml"),
    ("gpx", "application/gpx+xml"),
    ("kml", "application/vnd.google-earth.kml+xml"),
    ("svg", "image/svg+xml"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("xhtml", "application/xhtml+xml"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("toml", "application/toml"),
    ("ics", "text/calendar"),
    ("vcf", "text/vcard"),
];

fn named(kinds: &[(&str, &'static str)], extension: &str) -> Option<&'static str> {
    kinds.iter().find(|(name, _)| *name == extension).map(|(_, kind)| *kind)
}

/// UTF-8 without controls, but for those that lay text out. A character may be cut at the end.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|whole| std::str::from_utf8(whole).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    text.chars().all(|character| !character.is_control() || "\t\n\r\u{c}".contains(character))
}

/// Text without a name that says more: markup is told by how it begins.
fn markup(head: &[u8]) -> &'static str {
    let start = head.trim_ascii_start();
    let begins = |mark: &str| {
        start.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()))
    };
    if begins("<!doctype html") || begins("<html") {
        "text/html"
    } else if begins("<svg") {
        "image/svg+xml"
    } else if begins("<?xml") {
        "application/xml"
    } else {
        "text/plain"
    }
}
