## One's files.

files-title = Your files
files-used = { $used } of { $quota } used
files-upload = Upload
files-file = File
files-at-most = At most { $size }.
files-drop = You can also drop files here.
files-choose-first = Choose a file first.
files-under-way = Uploads under way
files-yours = Yours
files-none = You have no files here yet.
files-no-more = There are no more files.
files-older = Older files
files-latest = Back to the latest files
files-shared = Shared with you
file-of = of { $name }
file-read = Read
file-read-write = Read and write
file-shared-count =
    { $count ->
        [one] Shared with 1
       *[other] Shared with { $count }
    }
file-download = Download
file-more = Share or delete
file-shared-with = Shared with
file-unshare = End
# Behind "End", for those who hear the page.
file-unshare-which = sharing { $file } with { $name }
file-share-with = Share with
file-share-name = User name
file-share-for = For
file-share-reading = Reading
file-share-writing = Reading and writing
file-share = Share
file-delete-sure = Yes, delete this file for good
file-delete = Delete
file-leave = Take off this list

file-kind-pdf = PDF
file-kind-json = JSON
file-kind-archive = Archive
file-kind-picture = Picture
file-kind-sound = Sound
file-kind-film = Film
file-kind-text = Text
file-kind-document = Document
file-kind-other = File

## What the page's script says while something is uploaded.

upload-waiting = Waiting
upload-progress = { $sent } of { $size }
upload-bytes = { $count } bytes
upload-lost = Connection lost. Trying again…
upload-sign-in = Please log in again, then upload it once more.
upload-refused = The upload was refused.
upload-other-user = You are signed in as { $name } in this browser now. Reload the page to upload to that account.
upload-outdated = Reload the page, then upload it once more.
upload-failed = The upload failed.
upload-too-large = It is larger than { $size }.
upload-cancel = Cancel
upload-again = Try again
upload-dismiss = Dismiss
upload-stored = Stored
upload-stored-news = { $name } is stored
files-offered = Offered to you
file-accept = Accept
file-decline = Decline
file-offered = Not accepted yet
