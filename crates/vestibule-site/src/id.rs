//! Identifiers.

vestibule_core::drawn_id! {
    /// A file: 128 random bits, written as 22 characters of base64url.
    ///
    /// It names a file in addresses. It is no secret: whoever knows it sees the file only where they may.
    FileId
}

vestibule_core::drawn_id! {
    /// An upload that comes in several requests: 128 random bits, written as 22 characters of base64url.
    UploadId
}

vestibule_core::drawn_id! {
    /// A place where contents of files lie: 128 random bits, written as 22 characters of base64url.
    PlaceId
}
