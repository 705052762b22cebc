package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func readFrame(path string) (imaging.Frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return imaging.Frame{}, err
	}
	defer f.Close()
	frames, err := imaging.Decode(f, imaging.Limits{})
	if err != nil {
		return imaging.Frame{}, fmt.Errorf("%s: %w", path, err)
	}
	return frames[0], nil
}

func (h host) ConvertPicture(path string, as frontend.PictureFormat) ([]byte, error) {
	f, err := readFrame(path)
	if err != nil {
		return nil, err
	}
	return encodeAs(f, as)
}

func (h host) EncodePicture(file []byte, as frontend.PictureFormat) ([]byte, error) {
	frames, err := imaging.Decode(bytes.NewReader(file), imaging.Limits{})
	if err != nil {
		return nil, err
	}
	return encodeAs(frames[0], as)
}

func encodeAs(f imaging.Frame, as frontend.PictureFormat) ([]byte, error) {
	if as.Side > 0 {
		f = imaging.Thumbnail(f, as.Side)
	}
	switch as.Channel {
	case "rgb":
		f = withoutAlpha(f)
	case "a":
		for i := 0; i < len(f.Pixels); i += 4 {
			f.Pixels[i], f.Pixels[i+1], f.Pixels[i+2] = 0, 0, 0
		}
		f.Alpha = imaging.AlphaChannel
	}
	return encodeFrame(f, as.Type, as.Quality, nil)
}

func withoutAlpha(f imaging.Frame) imaging.Frame {
	for i := 3; i < len(f.Pixels); i += 4 {
		f.Pixels[i] = 255
	}
	f.Alpha = imaging.Opaque
	return f
}

func encodeFrame(f imaging.Frame, kind string, quality int, texts []imaging.Text) ([]byte, error) {
	var out bytes.Buffer
	switch kind {
	case "jpeg", "jpg":
		return imaging.EncodeJPEG(withoutAlpha(f), quality)
	case "webp":
		err := imaging.EncodeWebP(context.Background(), &out, []imaging.Frame{f}, imaging.WebPOptions{Quality: quality, Method: 4})
		return out.Bytes(), err
	case "png":
		channels := 4
		if f.Alpha == imaging.Opaque {
			channels = 3
		}
		err := imaging.EncodePNG(&out, frameTensor(f, channels), imaging.PNGOptions{Level: 4, Texts: texts})
		return out.Bytes(), err
	}
	return nil, fmt.Errorf("pictures are written as png, webp or jpeg, not as %q", kind)
}

// frameTensor is a frame as [H,W,channels] with values 0…1.
func frameTensor(f imaging.Frame, channels int) *tensor.Tensor {
	t := tensor.New(f.Height, f.Width, channels)
	for i := range f.Width * f.Height {
		for c := range channels {
			t.Data[i*channels+c] = float32(f.Pixels[i*4+c]) / 255
		}
	}
	return t
}

func (h host) ReplaceAlpha(original string, mask []byte, ext string) ([]byte, error) {
	f, err := readFrame(original)
	if err != nil {
		return nil, err
	}
	masks, err := imaging.Decode(bytes.NewReader(mask), imaging.Limits{})
	if err != nil {
		return nil, fmt.Errorf("the mask: %w", err)
	}
	m := masks[0]
	if m.Width != f.Width || m.Height != f.Height {
		return nil, fmt.Errorf("the mask has %dx%d pixels, the picture %dx%d", m.Width, m.Height, f.Width, f.Height)
	}
	for i := 3; i < len(f.Pixels); i += 4 {
		f.Pixels[i] = m.Pixels[i]
	}
	f.Alpha = imaging.AlphaChannel
	kind := strings.ToLower(strings.TrimPrefix(ext, "."))
	var texts []imaging.Text
	if kind == "png" {
		data, err := os.ReadFile(original)
		if err != nil {
			return nil, err
		}
		found, _, err := comfy.ReadPNG(data)
		if err != nil {
			return nil, err
		}
		for _, t := range found { // a file of another format has none
			texts = append(texts, imaging.Text{Key: t.Key, Value: t.Text})
		}
	}
	return encodeFrame(f, kind, 90, texts)
}
