//! What front ends want to know of a language: how its files end, and how it is coloured.

use serde_json::{Value, json};

/// `language_info` of a kernel.
pub(super) fn info(language: &str) -> Value {
    let (mime, extension, lexer, mode) = match language {
        "python" => ("text/x-python", ".py", "ipython3", json!({ "name": "ipython", "version": 3 })),
        "r" => ("text/x-r-source", ".r", "r", json!("r")),
        "julia" => ("application/julia", ".jl", "julia", json!("julia")),
        "bash" => ("text/x-sh", ".sh", "bash", json!("shell")),
        "javascript" => ("text/javascript", ".js", "javascript", json!("javascript")),
        "typescript" => ("text/x.typescript", ".ts", "typescript", json!("typescript")),
        other => ("text/plain", ".txt", other, json!(other)),
    };
    // The version is the kernel's own affair, and it may be another one after its next start.
    let mut info = json!({
        "name": if language == "r" { "R" } else { language },
        "version": "",
        "mimetype": mime,
        "file_extension": extension,
        "pygments_lexer": lexer,
        "codemirror_mode": mode,
    });
    if language == "python" {
        info["nbconvert_exporter"] = "python".into();
    }
    info
}
