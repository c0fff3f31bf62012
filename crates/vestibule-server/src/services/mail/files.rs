//! Mails as files, while there is no mail server to bring them.

use std::{
    io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule::core::{
    random::{self, Entropy},
    time::Timestamp,
};

use crate::{i18n::dates::utc, secure_file};

/// Writes a mail into the folder, which is made if it has to be (mode 0700), and gives the file's path.
/// The file is there whole or not at all, for its owner only (mode 0600).
///
/// # Errors
/// Where the folder cannot be made or the file cannot be written.
pub(super) fn write(
    folder: &Path,
    date: Timestamp,
    mail: &str,
    entropy: &dyn Entropy,
) -> io::Result<PathBuf> {
    secure_file::make_folder(folder)?;
    let random: [u8; 9] = random::draw(entropy);
    let path = folder.join(format!("{}-{}.eml", stamp(date), URL_SAFE_NO_PAD.encode(random)));
    secure_file::read_or_make(&path, entropy, || Ok::<_, io::Error>(mail.to_owned()))?;
    Ok(path)
}

/// `20261122T140359.123Z`: by name the files are in the order of their time.
fn stamp(date: Timestamp) -> String {
    let moment = utc(date.seconds());
    let ((year, month, day), (hour, minute, second)) = (moment.to_calendar_date(), moment.to_hms());
    let (month, milli) = (u8::from(month), date.millis().rem_euclid(1000));
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule::SystemEntropy;

    #[test]
    #[cfg(unix)]
    fn a_mail_is_a_file_for_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let folder = tempfile::tempdir().unwrap();
        let mails = folder.path().join("data/mail");
        let date = Timestamp::from_millis(1_795_356_239_007);
        let path = write(&mails, date, "To: a\r\n\r\nb\r\n", &SystemEntropy).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("20261122T140359.007Z-") && name.ends_with(".eml"), "{name}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "To: a\r\n\r\nb\r\n");
        assert_eq!((mode(&mails), mode(&path)), (0o700, 0o600));

        let other = write(&mails, date, "", &SystemEntropy).unwrap();
        assert_ne!(other, path, "two mails of one moment");
        assert_eq!(std::fs::read_dir(&mails).unwrap().count(), 2, "drafts are removed");
    }

    #[test]
    fn what_is_in_the_way_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mail");
        std::fs::write(&file, "").unwrap();
        assert!(write(&file, Timestamp::default(), "", &SystemEntropy).is_err());
    }
}
