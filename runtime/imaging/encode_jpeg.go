package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// EncodeJPEG is the frame as a JPEG file; alpha is dropped. Quality is 1…100.
func EncodeJPEG(f Frame, quality int) ([]byte, error) {
	img := &image.RGBA{Pix: f.Pixels, Stride: f.Width * 4, Rect: image.Rect(0, 0, f.Width, f.Height)}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("write JPEG: %w", err)
	}
	return out.Bytes(), nil
}

// EncodeFramePNG is the frame as a PNG file that is soon written, with alpha where it has any.
func EncodeFramePNG(f Frame) ([]byte, error) {
	img := &image.NRGBA{Pix: f.Pixels, Stride: f.Width * 4, Rect: image.Rect(0, 0, f.Width, f.Height)}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img); err != nil {
		return nil, fmt.Errorf("write PNG: %w", err)
	}
	return out.Bytes(), nil
}

// Thumbnail is the frame made smaller, with antialiasing, so that no side is longer than side; smaller frames stay as they are.
func Thumbnail(f Frame, side int) Frame {
	if max(f.Width, f.Height) <= side {
		return f
	}
	return Contain(f, side)
}

// Contain is the frame made smaller or larger, with antialiasing, so that its longer side has side pixels.
func Contain(f Frame, side int) Frame {
	longest := max(f.Width, f.Height)
	if longest == side {
		return f
	}
	w := max(1, (f.Width*side+longest/2)/longest)
	h := max(1, (f.Height*side+longest/2)/longest)
	px := bytes.Clone(f.Pixels)
	premultiply(px)
	px = resample(px, f.Height, f.Width, 4, h, w, triangle)
	unpremultiply(px)
	return Frame{Width: w, Height: h, Pixels: px, Alpha: f.Alpha}
}
