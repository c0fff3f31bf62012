use super::*;
use crate::id::UploadId;

const OWNER: UserId = UserId(1);
const GUEST: UserId = UserId(2);

fn name(typed: &str) -> FileName {
    FileName::parse(typed).unwrap()
}

fn blob(size: u64, digest: u8) -> Blob {
    Blob { key: BlobKey::from_bytes([digest; 16]), size, digest: [digest; 32] }
}

fn file(version: u64, changed_by: UserId) -> File {
    File {
        id: FileId::from_bytes([1; 16]),
        owner: OWNER,
        name: name("a.txt"),
        kind: "text/plain".to_owned(),
        size: 1,
        digest: [7; 32],
        version,
        changed_by,
        created_at: Timestamp::from_seconds(0),
        changed_at: Timestamp::from_seconds(0),
    }
}

#[test]
fn names_are_kept_as_typed() {
    for typed in
        ["a.txt", " Brücke (1).pdf ", ".profile", "...", "نامه\u{200f}.txt", "👩‍🚀.png", "a;b=\"c\""]
    {
        assert_eq!(name(typed).as_str(), typed);
    }
    assert_eq!(name(&"x".repeat(255)).as_str().len(), 255);
}

#[test]
fn names_that_mislead_a_program_or_a_person_are_refused() {
    for (typed, why) in [
        ("", FileNameError::Empty),
        (" \t", FileNameError::Empty),
        (&"ä".repeat(128), FileNameError::TooLong),
        ("../a", FileNameError::Path),
        ("a/b", FileNameError::Path),
        ("C:\\a", FileNameError::Path),
        (".", FileNameError::Path),
        ("..", FileNameError::Path),
        ("a\nb", FileNameError::Control),
        ("a\0b", FileNameError::Control),
        ("a\u{2028}b", FileNameError::Control),
        ("a\u{202e}gpj.exe", FileNameError::Direction),
        ("a\u{2067}b", FileNameError::Direction),
    ] {
        assert_eq!(FileName::parse(typed), Err(why), "{typed:?}");
    }
}

#[test]
fn extensions_are_what_follows_the_last_dot() {
    for (typed, extension) in
        [("a.TXT", "txt"), ("a.tar.gz", "gz"), (".profile", ""), ("a", ""), ("a.", "")]
    {
        assert_eq!(name(typed).extension(), extension, "{typed}");
    }
}

#[test]
fn a_content_says_what_it_is() {
    for (head, typed, kind) in [
        (&b"\x89PNG\r\n\x1a\n...."[..], "a.html", "image/png"),
        (b"\xff\xd8\xff\xe0", "a", "image/jpeg"),
        (b"RIFF....WEBPVP8 ", "a", "image/webp"),
        (b"RIFF....WAVEfmt ", "a", "audio/wav"),
        (b"\0\0\0\x20ftypavif", "a", "image/avif"),
        (b"\0\0\0\x20ftypisom", "a", "video/mp4"),
        (b"%PDF-1.7", "a.png", "application/pdf"),
        (b"PK\x03\x04", "a", "application/zip"),
        (b"PK\x03\x04", "a.xlsx", ARCHIVE_OF_A_TABLE),
        (b"BM is not a picture", "a", "text/plain"),
        (b"BM\x36\0\0\0\0\0\0\0", "a", "image/bmp"),
        (b"\x7fELF\x02", "a.txt", "application/octet-stream"),
        (b"\xff\xfe\0", "a.txt", "application/octet-stream"),
        (b"", "a", "text/plain"),
        (b"{\"a\": 1}", "a.geojson", "application/geo+json"),
        (b"{\"a\": 1}", "a", "text/plain"),
        (b"<script>", "a.png", "text/plain"),
        (b"<script>", "a.html", "text/html"),
        (b"\n <!DOCTYPE HTML>", "a.png", "text/html"),
        (b"<svg xmlns=", "a", "image/svg+xml"),
        (b"<svg xmlns=", "a.SVG", "image/svg+xml"),
        (b"<?xml version=", "a", "application/xml"),
        (b"Br\xc3\xbccke \xe2\x82", "a", "text/plain"),
    ] {
        assert_eq!(sniff(head, &name(typed)), kind, "{typed}");
    }
}

const ARCHIVE_OF_A_TABLE: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[test]
fn no_content_is_answered_as_a_script_or_a_style() {
    for kind in [
        "text/javascript",
        "TEXT/JavaScript; charset=utf-8",
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/css",
        "text/xsl",
        "application/xslt+xml",
    ] {
        assert_eq!(served_as(kind), "text/plain", "{kind}");
    }
    for kind in ["text/plain", "text/html", "application/json", "image/png", "application/wasm", ""]
    {
        assert_eq!(served_as(kind), kind);
    }
    for name in ["a.js", "a.mjs", "a.css"] {
        assert_eq!(served_as(sniff(b"a", &FileName::parse(name).unwrap())), "text/plain", "{name}");
    }
}

#[test]
fn only_what_runs_nothing_is_harmless() {
    for kind in ["image/png", "image/webp", "text/plain"] {
        assert!(is_harmless(kind), "{kind}");
    }
    for kind in ["image/svg+xml", "text/html", "application/xml", "application/pdf", "text/css", ""]
    {
        assert!(!is_harmless(kind), "{kind}");
    }
}

#[test]
fn who_may_not_know_of_a_file_is_told_apart_from_who_may_do_less() {
    let by = |caller, share| access(OWNER, caller, share);
    assert_eq!(by(OWNER, None), Some(Access::Own));
    assert_eq!(by(OWNER, Some(ShareAccess::Read)), Some(Access::Own));
    assert_eq!(by(GUEST, None), None);
    for (has, wanted, verdict) in [
        (None, Access::Read, Err(AccessRefused::Unknown)),
        (Some(ShareAccess::Read), Access::Read, Ok(Access::Read)),
        (Some(ShareAccess::Read), Access::Write, Err(AccessRefused::TooLittle)),
        (Some(ShareAccess::Write), Access::Write, Ok(Access::Write)),
        (Some(ShareAccess::Write), Access::Own, Err(AccessRefused::TooLittle)),
    ] {
        assert_eq!(wanted.check(by(GUEST, has)), verdict, "{has:?} {wanted:?}");
    }
    assert_eq!("write".parse(), Ok(ShareAccess::Write));
    assert_eq!("owner".parse::<ShareAccess>(), Err(UnknownAccess));
}

#[test]
fn a_tag_changes_with_every_writing_and_every_content() {
    let first = ETag::of(&[7; 32], 1);
    assert_eq!(first.to_string(), "\"1-BwcHBwcHBwcHBwcHBwcHBw\"");
    assert_ne!(first, ETag::of(&[7; 32], 2));
    assert_ne!(first, ETag::of(&[8; 32], 1));
}

#[test]
fn tags_are_compared_strongly_for_parts_and_weakly_for_the_whole() {
    let tag = ETag::of(&[7; 32], 1);
    let bare = tag.to_string().trim_matches('"').to_owned();
    for (header, strong, weak) in [
        ("*".to_owned(), true, true),
        (tag.to_string(), true, true),
        (format!("\"x\", {tag}"), true, true),
        (bare, true, true),
        (format!("W/{tag}"), false, true),
        ("\"x\"".to_owned(), false, false),
        (String::new(), false, false),
        ("\"*\"".to_owned(), false, false),
        (format!("\"a,b\" , W/\"c\",{tag}"), true, true),
    ] {
        let tags = Tags::parse(&header);
        assert_eq!((tags.hold(&tag), tags.hold_weakly(&tag)), (strong, weak), "{header}");
    }
}

#[test]
fn a_tag_without_quotation_marks_is_none() {
    for good in
        ["*", " * ", "\"a\"", "W/\"a\"", "\"a\",\"b\"", "\"a\" , W/\"b\"", "\"\"", "\"a,b\""]
    {
        assert!(Tags::parse_strictly(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a",
        "1-abc",
        "\"a",
        "a\"",
        "W/a",
        "\"a\" \"b\"",
        "\"a\",",
        "\"a\",b",
        "w/\"a\"",
        "*,\"a\"",
    ] {
        assert_eq!(Tags::parse_strictly(bad), Err(NotATag), "{bad}");
    }
}

#[test]
fn without_a_tag_only_ones_own_content_is_overwritten() {
    let file = file(3, GUEST);
    assert_eq!(check_overwrite(&file, GUEST, None), Ok(()));
    assert_eq!(check_overwrite(&file, OWNER, None), Err(Stale));
    let (good, old) = (file.tag().to_string(), ETag::of(&file.digest, 2).to_string());
    // As a proxy that compresses makes it.
    let (weak, weak_old) = (format!("W/{good}"), format!("W/{old}"));
    for (header, verdict) in [
        (good.as_str(), Ok(())),
        ("*", Ok(())),
        (old.as_str(), Err(Stale)),
        (weak.as_str(), Ok(())),
        (weak_old.as_str(), Err(Stale)),
    ] {
        for caller in [OWNER, GUEST] {
            let tags = Tags::parse(header);
            assert_eq!(check_overwrite(&file, caller, Some(&tags)), verdict, "{header}");
        }
    }
}

#[test]
fn a_quota_bounds_bytes_and_files() {
    let quota = Quota { bytes: 100, files: 2 };
    let none = Usage::default();
    let one = quota.add(none, 60).unwrap();
    assert_eq!(one, Usage { bytes: 60, files: 1 });
    assert_eq!(quota.room(one), 40);
    assert_eq!(quota.add(one, 41), Err(OverQuota::Bytes { allowed: 100, left: 40 }));
    let two = quota.add(one, 40).unwrap();
    assert_eq!(quota.add(two, 0), Err(OverQuota::Files { allowed: 2 }));
    assert_eq!(quota.room(two), 0);
    assert_eq!(two.without(60), Usage { bytes: 40, files: 1 });
    assert_eq!(quota.add(one, u64::MAX), Err(OverQuota::Bytes { allowed: 100, left: 40 }));
}

#[test]
fn a_replacement_counts_by_what_it_adds() {
    let quota = Quota { bytes: 100, files: 2 };
    let usage = Usage { bytes: 90, files: 1 };
    assert_eq!(quota.replace(usage, 30, 40), Ok(Usage { bytes: 100, files: 1 }));
    assert_eq!(quota.replace(usage, 30, 41), Err(OverQuota::Bytes { allowed: 100, left: 10 }));
    // The bounds were narrowed meanwhile.
    let beyond = Usage { bytes: 150, files: 5 };
    assert_eq!(quota.replace(beyond, 30, 30), Ok(beyond));
    assert_eq!(quota.replace(beyond, 30, 29), Ok(Usage { bytes: 149, files: 5 }));
    assert_eq!(quota.replace(beyond, 30, 31), Err(OverQuota::Bytes { allowed: 100, left: 0 }));
}

#[test]
fn pieces_of_an_upload_follow_each_other() {
    let large = MIN_SLICE * 4;
    let mut upload = Upload {
        id: UploadId::from_bytes([1; 16]),
        owner: OWNER,
        name: name("a"),
        size: large,
        created_at: Timestamp::from_seconds(0),
        touched_at: Timestamp::from_seconds(0),
        blobs: Vec::new(),
    };
    assert_eq!(upload.check_append(0, None), Ok(large));
    assert_eq!(upload.check_append(0, Some(large)), Ok(large));
    assert_eq!(
        upload.check_append(0, Some(large + 1)),
        Err(AppendError::TooMuch { missing: large })
    );
    assert_eq!(upload.check_append(0, Some(MIN_SLICE - 1)), Err(AppendError::TooLittle));
    assert_eq!(upload.check_append(1, None), Err(AppendError::Offset { received: 0 }));
    upload.blobs = vec![blob(large - 1, 1)];
    assert_eq!(upload.check_append(0, None), Err(AppendError::Offset { received: large - 1 }));
    assert_eq!(upload.check_append(large - 1, Some(1)), Ok(1), "the last piece may be small");
    assert!(!upload.is_whole());
    upload.blobs.push(blob(1, 2));
    assert!(upload.is_whole());
    assert!(!upload.has_expired(Timestamp::from_seconds(24 * 3600 - 1)));
    assert!(upload.has_expired(Timestamp::from_seconds(24 * 3600)));
}

#[test]
fn one_digest_stands_for_all_pieces_in_their_order() {
    let (one, two) = (blob(1, 1), blob(2, 2));
    assert_eq!(digest_of(&[one, two]), digest_of(&[one, two]));
    assert_ne!(digest_of(&[one, two]), digest_of(&[two, one]));
    assert_ne!(digest_of(&[one]), digest_of(&[one, two]));
    assert_ne!(digest_of(&[one]), digest_of(&[Blob { size: 3, ..one }]));
    // SHA-256 of nothing (FIPS 180-4).
    assert_eq!(digest_of(&[])[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    assert_eq!(sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
}

#[test]
fn blob_keys_have_one_spelling() {
    let key = BlobKey::from_bytes([0, 1, 0xab, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff]);
    let text = key.to_string();
    assert_eq!(text, "0001ab030405060708090a0b0c0d0eff");
    assert_eq!(text.parse(), Ok(key));
    for bad in ["", "00", &text.to_uppercase(), &format!("+{}", &text[1..]), &format!("{text}0")] {
        assert_eq!(bad.parse::<BlobKey>(), Err(InvalidId), "{bad}");
    }
}
