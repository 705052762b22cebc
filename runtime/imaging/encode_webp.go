package imaging

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"github.com/gen2brain/webp"
)

// WebPOptions say how pictures become a WebP file.
type WebPOptions struct {
	Lossless bool
	Quality  int // 0…100, of lossy files
	Method   int // 0 (fast) … 6 (small)
	Delay    int // milliseconds that each frame of an animation is shown
	// Texts go into EXIF: the first becomes the camera's model, the others its maker and the tags before that.
	Texts []Text
}

// maxWebPSide is the largest side of a WebP picture.
const maxWebPSide = 16383

// EncodeWebP writes frames of one size as a WebP animation that repeats for ever, a single one as a plain picture. The pixels are encoded by
// libwebp; what is around them is written here, for the library has no animations.
func EncodeWebP(ctx context.Context, w io.Writer, frames []Frame, o WebPOptions) error {
	if len(frames) == 0 {
		return fmt.Errorf("WebP without a picture")
	}
	width, height := frames[0].Width, frames[0].Height
	if max(width, height) > maxWebPSide || min(width, height) < 1 {
		return fmt.Errorf("WebP of %dx%d: sides must be 1 to %d; make the picture smaller or save PNG", width, height, maxWebPSide)
	}
	animated := len(frames) > 1
	var alpha bool
	var pictures bytes.Buffer
	for i, f := range frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.Width != width || f.Height != height {
			return fmt.Errorf("animated WebP: picture %d is %dx%d, the first %dx%d", i, f.Width, f.Height, width, height)
		}
		alpha = alpha || f.Alpha == AlphaChannel
		chunks, err := encodeWebPFrame(f, o)
		if err != nil {
			return fmt.Errorf("WebP picture %d: %w", i, err)
		}
		if !animated {
			pictures.Write(chunks)
			break
		}
		const replace = 2 // the frame is shown as it is, not blended with the one before
		body := append24(append24(make([]byte, 6, 16+len(chunks)), width-1), height-1)
		body = append(append24(body, max(0, min(o.Delay, 1<<24-1))), replace)
		writeRIFF(&pictures, "ANMF", append(body, chunks...))
	}
	exif := exifOf(o.Texts)
	var file bytes.Buffer
	file.WriteString("WEBP")
	if animated || alpha || exif != nil {
		writeRIFF(&file, "VP8X", webpHeader(width, height, animated, alpha, exif != nil))
	}
	if animated {
		writeRIFF(&file, "ANIM", make([]byte, 6)) // transparent background, repeated for ever
	}
	file.Write(pictures.Bytes())
	if exif != nil {
		writeRIFF(&file, "EXIF", exif)
	}
	var whole bytes.Buffer
	writeRIFF(&whole, "RIFF", file.Bytes())
	_, err := w.Write(whole.Bytes())
	return err
}

// encodeWebPFrame is the chunks of one picture: alpha, where it is apart, and the pixels.
func encodeWebPFrame(f Frame, o WebPOptions) ([]byte, error) {
	img := &image.NRGBA{Pix: f.Pixels, Stride: f.Width * 4, Rect: image.Rect(0, 0, f.Width, f.Height)}
	var file bytes.Buffer
	// The library takes quality 0 for "unset". Lossless files keep the colour below transparent pixels.
	err := webp.Encode(&file, img, webp.Options{Lossless: o.Lossless, Quality: max(1, min(o.Quality, 100)), Method: o.Method, Exact: o.Lossless})
	if err != nil {
		return nil, err
	}
	var chunks bytes.Buffer
	for _, c := range webpChunks(file.Bytes()) {
		if c.kind == "ALPH" || c.kind == "VP8 " || c.kind == "VP8L" {
			writeRIFF(&chunks, c.kind, c.body)
		}
	}
	if chunks.Len() == 0 {
		return nil, fmt.Errorf("the encoder wrote no pixels")
	}
	return chunks.Bytes(), nil
}

func webpHeader(width, height int, animated, alpha, exif bool) []byte {
	var flags byte
	for _, f := range []struct {
		set bool
		bit byte
	}{{animated, 0x02}, {exif, 0x08}, {alpha, 0x10}} {
		if f.set {
			flags |= f.bit
		}
	}
	return append24(append24([]byte{flags, 0, 0, 0}, width-1), height-1)
}

// writeRIFF writes a chunk, padded to an even size.
func writeRIFF(out *bytes.Buffer, kind string, body []byte) {
	out.WriteString(kind)
	_ = binary.Write(out, binary.LittleEndian, uint32(len(body))) // a buffer takes everything
	out.Write(body)
	if len(body)%2 == 1 {
		out.WriteByte(0)
	}
}

func append24(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }
