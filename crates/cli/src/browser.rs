//! The person's browser.

/// Variables that name a browser, or a screen that it could show itself on (X11, Wayland, Windows beneath WSL).
const SCREENS: [&str; 4] = ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];

/// Shows an `http` or `https` address in the default browser, or in the one that `BROWSER` names. Waits for the end of
/// a browser that runs in the terminal.
///
/// # Errors
/// Why there is none, in words to follow "no browser was opened".
pub(crate) async fn open(url: &str) -> Result<(), String> {
    let has_screen = cfg!(any(target_os = "macos", windows))
        || SCREENS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if !has_screen {
        return Err("there is no screen".to_owned());
    }
    let url = url.to_owned();
    // It may take long, and an interrupt must still be noticed.
    let opened = tokio::task::spawn_blocking(move || webbrowser::open(&url)).await;
    opened.map_err(std::io::Error::other).flatten().map_err(|error| error.to_string())
}
