//! A picture as it is.

use super::{Bundle, ExportError, Format, Make, Need};
use crate::data::Picture;

/// The row of the table.
pub const FORMAT: Format = Format {
    name: "picture",
    title: "Picture",
    about: "A picture as it is",
    ending: "png",
    needs: &[Need::Picture],
    in_run: None,
    make: Make::Picture(|bundle: &Bundle| Need::Picture.of(bundle.picture.as_deref()).cloned()),
    parity: None,
};

/// A picture as the bytes of a PNG file.
///
/// # Errors
/// When it has no pixels.
pub fn png_bytes(picture: &Picture) -> Result<Vec<u8>, ExportError> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .to_image()
        .write_to(&mut bytes, image::ImageFormat::Png)
        .map_err(|error| ExportError::Draw(error.to_string()))?;
    Ok(bytes.into_inner())
}
