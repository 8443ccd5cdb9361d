//! A widget's declaration: the facts of its attribute that its files are checked against.

/// The facts of a widget's attribute.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Origins that hosts let the widget reach.
    pub csp: Csp,
    /// Abilities of the browser that the widget asks for.
    pub permissions: Permissions,
    /// Names of the tools the widget may call, as clients know them. `None` leaves calls unchecked.
    pub tools: Option<Vec<String>>,
    /// Bridge to inject. `None` if the page speaks the protocol itself.
    pub bridge: Option<Identity>,
    /// Size the document may have, in bytes.
    pub budget: usize,
}

impl Declared {
    /// The budget of a widget that names none.
    pub const BUDGET: usize = 512 * 1024;
}

impl Default for Declared {
    fn default() -> Self {
        Self {
            csp: Csp::default(),
            permissions: Permissions::default(),
            tools: None,
            bridge: None,
            budget: Self::BUDGET,
        }
    }
}

/// The origins of `csp(…)`, each accepted by [`check_origin`](crate::check_origin).
#[derive(Clone, Debug, Default)]
pub struct Csp {
    /// Origins that scripts may ask.
    pub connect: Vec<String>,
    /// Origins of scripts, styles, images, fonts and media.
    pub resource: Vec<String>,
    /// Origins of frames.
    pub frame: Vec<String>,
    /// Origins of `<base>`.
    pub base_uri: Vec<String>,
    /// Origins of links that open without a question.
    pub redirect: Vec<String>,
}

/// The abilities of `permissions(…)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the attribute, and they are independent")]
pub struct Permissions {
    /// Pictures of a camera.
    pub camera: bool,
    /// Sound of a microphone.
    pub microphone: bool,
    /// The place of the device.
    pub geolocation: bool,
    /// Writing to the clipboard.
    pub clipboard_write: bool,
}

/// The facts the bridge tells a host about the widget.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Name of the widget.
    pub name: String,
    /// Version of the widget.
    pub version: String,
    /// Display modes it can be shown in.
    pub modes: Vec<String>,
}
