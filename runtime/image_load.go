package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// noAlphaSide is the side of the zero mask that comes with a picture without alpha, as ComfyUI has it.
const noAlphaSide = 64

// LoadImage reads a picture file: colour [B,H,W,3] and a mask that is 1 where the picture is transparent. Frames of an
// animation are a batch; those of another size than the first are left out. Without alpha the masks are 64 x 64 zeros.
func LoadImage(path string) (Image, Mask, error) {
	frames, err := decodeFile(path)
	if err != nil {
		return Image{}, Mask{}, err
	}
	first := frames[0]
	frames = slices.DeleteFunc(frames, func(f imaging.Frame) bool { return f.Width != first.Width || f.Height != first.Height })
	picture := Image{imaging.Color(frames)}
	if !slices.ContainsFunc(frames, func(f imaging.Frame) bool { return f.Alpha == imaging.AlphaChannel }) {
		return picture, Mask{tensor.New(len(frames), noAlphaSide, noAlphaSide)}, nil
	}
	return picture, Mask{imaging.Channel(frames, 3)}.Invert(), nil
}

// LoadImageMask reads a channel (red, green, blue or alpha) of the first frame of a picture file as a mask [1,H,W]. Alpha is
// inverted, so that what is transparent is marked.
func LoadImageMask(path, channel string) (Mask, error) {
	frames, err := decodeFile(path)
	if err != nil {
		return Mask{}, err
	}
	k := slices.Index([]string{"red", "green", "blue", "alpha"}, channel)
	if k < 0 {
		return Mask{}, fmt.Errorf("unknown channel %q; use red, green, blue or alpha", channel)
	}
	mask := Mask{imaging.Channel(frames[:1], k)}
	if channel == "alpha" {
		mask = mask.Invert()
	}
	return mask, nil
}

func decodeFile(path string) ([]imaging.Frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	frames, err := imaging.Decode(f, imaging.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return frames, nil
}

// HashFile is the SHA-256 of a file in hexadecimal.
func HashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Pictures are the items of a batch, each [H,W,C], as views.
func (i Image) Pictures() []*tensor.Tensor {
	size := tensor.Size(i.Shape[1:])
	list := make([]*tensor.Tensor, i.Dim(0))
	for b := range list {
		list[b] = &tensor.Tensor{Shape: i.Shape[1:], Data: i.Data[b*size : (b+1)*size]}
	}
	return list
}

// Frames are the pictures of a batch in 8 bits: 255·v, clipped, fraction dropped. Grey and colour have full alpha.
func (i Image) Frames() []imaging.Frame {
	h, w, c := i.Dim(1), i.Dim(2), i.Dim(3)
	frames := make([]imaging.Frame, i.Dim(0))
	for b, picture := range i.Pictures() {
		px := imaging.Bytes(picture.Data)
		f := imaging.Frame{Width: w, Height: h, Pixels: make([]uint8, h*w*4)}
		if c == 4 {
			f.Alpha = imaging.AlphaChannel
		}
		for p := range h * w {
			for k := range 4 {
				switch {
				case k < c:
					f.Pixels[p*4+k] = px[p*c+k]
				case k == 3:
					f.Pixels[p*4+k] = 255
				default:
					f.Pixels[p*4+k] = px[p*c+c-1]
				}
			}
		}
		frames[b] = f
	}
	return frames
}
