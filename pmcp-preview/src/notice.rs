//! What pages have come to, for whoever started the host.

/// Something that a page has told, which a person at a terminal may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Views that show a changed document were loaded anew, and are ready again.
    Reloaded {
        /// The number of the change, as [`Host::reload`](crate::Host::reload) gave it.
        change: u64,
        /// The number of those views; 0 if no view shows a document that has changed.
        views: usize,
        /// One of them has got back what it kept.
        is_state_kept: bool,
    },
    /// A view has an error that nothing in it has caught: a script that does not parse, or one that has thrown. Of each time that a view is
    /// loaded the first few are told.
    Failed {
        /// The address of its document.
        uri: String,
        /// The error in the words of the browser, with the line of the document and what stands there, if that is known; at most 1,000
        /// characters. They are those of the view: a terminal shows them as text.
        text: String,
    },
    /// The first view has ended, and so has its record.
    Recorded(Recorded),
}

/// The end of the record that [`HostBuilder::record`](crate::HostBuilder::record) asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// It is in its file.
    Written {
        /// The number of its messages.
        messages: usize,
    },
    /// No page has opened a view, so there is no file.
    Nothing,
    /// It could not be written, for this reason. A file that was there before is as it was.
    Failed(String),
}
