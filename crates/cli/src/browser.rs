//! The person's browser.

/// Environment variables that name a browser, or a screen for one (X11, Wayland, Windows with WSL).
const SCREENS: [&str; 4] = ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];

/// Opens an `http` or `https` URL in the default browser, or in the one that `BROWSER` names. If the browser runs in
/// the terminal, waits until it ends.
///
/// # Errors
/// Why no browser was opened, in words that can follow a colon.
pub(crate) async fn open(url: &str) -> Result<(), String> {
    let has_screen = cfg!(any(target_os = "macos", windows))
        || SCREENS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if !has_screen {
        return Err("there is no screen".to_owned());
    }
    let url = url.to_owned();
    // This may take long, and must not block the thread that waits for an interrupt.
    let opened = tokio::task::spawn_blocking(move || webbrowser::open(&url)).await;
    opened.map_err(std::io::Error::other).flatten().map_err(|error| error.to_string())
}
