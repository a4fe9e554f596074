//! Which display server the window opens on.
//!
//! On Linux the windowing library takes Wayland as soon as `WAYLAND_DISPLAY` is set, also where that is left over from another
//! session (tmux, `ssh -X`, sudo) and nobody answers there.

use std::sync::OnceLock;

/// The display that the environment names, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// The windowing library finds one by itself.
    Usual,
    /// X11, because nobody answers where `WAYLAND_DISPLAY` leads to; its value.
    X11(String),
    /// Nobody answers where `WAYLAND_DISPLAY` leads to, and there is no `DISPLAY`; its value.
    Nowhere(String),
}

impl Display {
    /// Looks at the environment, and whether a compositor answers.
    #[cfg(target_os = "linux")]
    pub fn find() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        // A socket that is handed over is open already.
        let Some(wayland) = set("WAYLAND_DISPLAY").filter(|_| set("WAYLAND_SOCKET").is_none())
        else {
            return Self::Usual;
        };
        let folder = set("XDG_RUNTIME_DIR").unwrap_or_default();
        // An absolute name counts by itself.
        let path = std::path::Path::new(&folder).join(&wayland);
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Self::Usual;
        }
        let value = crate::files::shown(&wayland.to_string_lossy());
        match set("DISPLAY") {
            Some(_) => Self::X11(value),
            None => Self::Nowhere(value),
        }
    }

    /// Elsewhere there is one display.
    #[cfg(not(target_os = "linux"))]
    pub fn find() -> Self {
        Self::Usual
    }

    /// The fault of the environment, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usual => None,
            Self::X11(value) | Self::Nowhere(value) => Some(format!(
                "WAYLAND_DISPLAY={value} leads to no compositor: unset it, or set DISPLAY to an X server"
            )),
        }
    }
}

/// Options for a window on this display.
pub(super) fn choose(display: &Display, options: &mut eframe::NativeOptions) {
    #[cfg(target_os = "linux")]
    if matches!(display, Display::X11(_)) {
        options.event_loop_builder = Some(Box::new(|builder| {
            use winit::platform::x11::EventLoopBuilderExtX11;
            builder.with_x11();
        }));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (display, options);
}

/// True if files can be dropped on the window: the windowing library reports none on Wayland.
pub(super) fn takes_drops() -> bool {
    static TAKES: OnceLock<bool> = OnceLock::new();
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    *TAKES.get_or_init(|| {
        !cfg!(target_os = "linux")
            || Display::find() != Display::Usual
            || !(set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET"))
    })
}
