package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"golang.org/x/image/webp"
	"image"
	"io"
	// The formats that image.Decode knows; GIF is decoded by decodeGIF, WebP by decodeImage.
	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	"github.com/oneactor/oneactor/internal/parallel"
	"github.com/oneactor/oneactor/runtime/tensor"
)

var (
	// ErrFormat is wrapped by errors about files that are no picture or a broken one.
	ErrFormat = errors.New("not a picture that can be read (PNG, JPEG, WebP, GIF, BMP, TIFF)")
	// ErrTooLarge is wrapped by errors about pictures and files over a limit.
	ErrTooLarge = errors.New("picture is too large")
)

// Limits bounds what Decode accepts; zero fields take the default.
type Limits struct {
	Bytes  int64 // of the file; default 256 MiB
	Pixels int64 // of all frames together; default 178,956,970, where Pillow calls a file a decompression bomb
}

func (l Limits) orDefault() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 256 << 20
	}
	if l.Pixels <= 0 {
		l.Pixels = 178_956_970
	}
	return l
}

// AlphaKind says where the alpha of a frame comes from.
type AlphaKind uint8

const (
	// Opaque frames have no alpha: it is 255 everywhere.
	Opaque AlphaKind = iota
	// ColorKey is one colour declared transparent in a file without an alpha channel.
	ColorKey
	// AlphaChannel is an alpha channel or a palette with alpha.
	AlphaChannel
)

// Frame is one picture, upright.
type Frame struct {
	Width, Height int
	Pixels        []uint8 // RGBA, colour not multiplied by alpha, [Height*Width*4]
	Alpha         AlphaKind
}

// Decode reads a picture file with all its frames. EXIF orientation is applied; 16-bit values become 8-bit.
// Errors wrap ErrFormat or ErrTooLarge, or are those of r.
func Decode(r io.Reader, limits Limits) ([]Frame, error) {
	limits = limits.orDefault()
	data, err := io.ReadAll(io.LimitReader(r, limits.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if int64(len(data)) > limits.Bytes {
		return nil, fmt.Errorf("%w: the file has more than %d bytes", ErrTooLarge, limits.Bytes)
	}

	// The header first: what it promises is checked before anything of that size is made.
	config, format, err := decodeConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err := limits.check(config.Width, config.Height, 1); err != nil {
		return nil, err
	}

	orientation := 1
	var frames []Frame
	switch format {
	case "png":
		var info pngInfo
		if info, err = readPNGInfo(data); err != nil {
			return nil, err
		}
		orientation = exifOrientation(info.exif)
		if len(info.frames) > 0 {
			frames, err = decodeAPNG(data, info, limits)
		} else {
			frames, err = decodePNG(data, info)
		}
	case "gif":
		frames, err = decodeGIF(data, limits)
	case "webp":
		list := webpChunks(data)
		orientation = exifOrientation(firstBody(list, "EXIF"))
		if animation := webpFrames(list); len(animation) > 0 {
			frames, err = decodeWebPFrames(animation, config.Width, config.Height, webpAlpha(list), limits)
		} else {
			frames, err = decodeStill(data)
		}
	default:
		orientation = exifOrientation(findEXIF(data, format))
		frames, err = decodeStill(data)
	}
	if err != nil {
		return nil, err
	}
	for i := range frames {
		frames[i] = frames[i].upright(orientation)
	}
	return frames, nil
}

// check reports whether count frames of width x height are within the limit.
func (l Limits) check(width, height, count int) error {
	if width < 1 || height < 1 {
		return fmt.Errorf("%w: it is %d x %d pixels", ErrFormat, width, height)
	}
	// Sides are below 2^32 in every format, so the product of two does not overflow; a third factor could.
	if area := int64(width) * int64(height); area > l.Pixels || area > l.Pixels/int64(count) {
		return fmt.Errorf("%w: %d x %d pixels in %d frames; the limit is %d pixels", ErrTooLarge, width, height, count, l.Pixels)
	}
	return nil
}

// isWebP tells WebP files, which are not left to image.Decode: the encoder's library registers itself for them, too.
func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

func decodeConfig(data []byte) (image.Config, string, error) {
	if isWebP(data) {
		c, err := webp.DecodeConfig(bytes.NewReader(data))
		return c, "webp", err
	}
	return image.DecodeConfig(bytes.NewReader(data))
}

func decodeImage(data []byte) (image.Image, string, error) {
	if isWebP(data) {
		img, err := webp.Decode(bytes.NewReader(data))
		return img, "webp", err
	}
	return image.Decode(bytes.NewReader(data))
}

func decodeStill(data []byte) ([]Frame, error) {
	img, format, err := decodeImage(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	toRGB := jfif
	if format == "webp" {
		toRGB = video
	}
	frame := frameOf(img, toRGB)
	if format == "webp" && !webpAlpha(webpChunks(data)) {
		frame.Alpha = Opaque
	}
	return []Frame{frame}, nil
}

// Color is the colour of frames of one size as a picture batch [B,H,W,3].
func Color(frames []Frame) *tensor.Tensor {
	w, h := frames[0].Width, frames[0].Height
	out := tensor.New(len(frames), h, w, 3)
	for i, f := range frames {
		dst := out.Data[i*h*w*3:][:h*w*3]
		parallel.Ranges(h*w, 4, func(from, to int) {
			for p := from; p < to; p++ {
				dst[p*3], dst[p*3+1], dst[p*3+2] = level[f.Pixels[p*4]], level[f.Pixels[p*4+1]], level[f.Pixels[p*4+2]]
			}
		})
	}
	return out
}

// Channel is one of the channels 0…3 (red, green, blue, alpha) of frames of one size as masks [B,H,W].
func Channel(frames []Frame, channel int) *tensor.Tensor {
	w, h := frames[0].Width, frames[0].Height
	out := tensor.New(len(frames), h, w)
	for i, f := range frames {
		dst := out.Data[i*h*w:][:h*w]
		for p := range dst {
			dst[p] = level[f.Pixels[p*4+channel]]
		}
	}
	return out
}

// level is v/255 for every 8-bit level v.
var level = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()
