package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// solid is SolidImage of a size that is none too large.
func solid(width, height, batch, color int) Image {
	i, err := SolidImage(width, height, batch, color)
	if err != nil {
		panic(err)
	}
	return i
}

func TestTooLarge(t *testing.T) {
	one, latent := solid(1, 1, 1, 0), ZeroLatent(1, 4, 8, 8)
	for name, run := range map[string]func() error{
		"empty image":  func() error { _, err := SolidImage(16384, 16384, 4096, 0); return err },
		"empty latent": func() error { _, err := EmptyLatent(16384, 16384, 4096); return err },
		"repeat":       func() error { _, err := solid(1000, 1000, 1, 0).RepeatBatch(4096); return err },
		"latents":      func() error { _, err := latent.RepeatBatch(1 << 40); return err },
		"pad":          func() error { _, _, err := one.PadForOutpaint(16384, 16384, 16384, 16384, 0); return err },
		"resize":       func() error { _, err := one.Resize(60000, 60000, imaging.Area, imaging.CropDisabled); return err },
	} {
		if err := run(); !errors.Is(err, imaging.ErrTooLarge) {
			t.Errorf("%s: error is %v, want %v", name, err, imaging.ErrTooLarge)
		}
	}
}

func TestImageResize(t *testing.T) {
	tests := map[string]struct{ width, height, wantW, wantH int }{
		"nothing asked":  {0, 0, 6, 4},
		"both":           {3, 5, 3, 5},
		"width from it":  {0, 6, 9, 6},
		"height from it": {3, 0, 3, 2},
		"at least 1":     {0, 1, 2, 1}, // 1.5 goes to the even 2
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := solid(6, 4, 1, 0).Resize(tt.width, tt.height, imaging.Area, imaging.CropDisabled)
			if err != nil {
				t.Fatal(err)
			}
			if want := []int{1, tt.wantH, tt.wantW, 3}; !slices.Equal(got.Shape, want) {
				t.Errorf("shape is %v, want %v", got.Shape, want)
			}
		})
	}
}

func TestImageAppend(t *testing.T) {
	rgb, rgba := solid(2, 2, 1, 0), Image{tensor.Full(0.5, 1, 4, 4, 4)}
	got, err := rgb.Append(rgba)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 2, 2, 4}; !slices.Equal(got.Shape, want) {
		t.Fatalf("shape is %v, want %v", got.Shape, want)
	}
	if want := []float32{0, 0, 0, 1}; !slices.Equal(got.Data[:4], want) {
		t.Errorf("the picture without alpha became %v, want %v", got.Data[:4], want)
	}
}

func TestImageChannels(t *testing.T) {
	i := Image{&tensor.Tensor{Shape: []int{1, 1, 2, 3}, Data: []float32{0, 0.5, 1, 1, 0.25, 0}}}
	if got, err := i.Channel("green"); err != nil || !slices.Equal(got.Data, []float32{0.5, 0.25}) {
		t.Errorf("green is %v (%v)", got.Data, err)
	}
	for _, name := range []string{"alpha", "grey"} {
		if _, err := i.Channel(name); err == nil {
			t.Errorf("channel %s is accepted", name)
		}
	}
	// 0.5·255 = 127.5 goes to the even 128.
	if got := i.ColorMask(0x0080ff).Data; !slices.Equal(got, []float32{1, 0}) {
		t.Errorf("colour mask is %v", got)
	}
}

func TestPadForOutpaint(t *testing.T) {
	picture, mask, err := solid(7, 7, 2, 0xffffff).PadForOutpaint(1, 0, 0, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 9, 8, 3}; !slices.Equal(picture.Shape, want) {
		t.Fatalf("shape is %v, want %v", picture.Shape, want)
	}
	if want := []int{1, 9, 8}; !slices.Equal(mask.Shape, want) {
		t.Fatalf("mask has shape %v, want %v", mask.Shape, want)
	}
	if picture.Data[0] != 0.5 || picture.Data[3] != 1 {
		t.Errorf("padding is %v, picture %v", picture.Data[0], picture.Data[3])
	}
	// The first row fades from the left only: ((3-d)/3)² at distance d.
	want := []float32{1, 1, float32(4.0 / 9), float32(1.0 / 9), 0, 0, 0, 0}
	if got := mask.Data[:8]; !slices.Equal(got, want) {
		t.Errorf("mask begins %v, want %v", got, want)
	}
	_, hard, err := solid(6, 6, 1, 0).PadForOutpaint(1, 0, 0, 0, 3)
	if got := hard.Data[:7]; err != nil || !slices.Equal(got, []float32{1, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("a picture too small to feather has the mask %v", got)
	}
}

func TestLoadImage(t *testing.T) {
	const pictures = "imaging/testdata/pictures/"
	i, m, err := LoadImage(pictures + "rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 64, 64}; !slices.Equal(m.Shape, want) || i.Dim(3) != 3 {
		t.Errorf("without alpha the mask has shape %v, want %v", m.Shape, want)
	}
	if i, m, err = LoadImage(pictures + "animated.gif"); err != nil || i.Dim(0) != 3 || m.Dim(0) != 3 {
		t.Errorf("animation of 3 frames has shape %v, mask %v (%v)", i.Shape, m.Shape, err)
	}
	if _, m, err = LoadImage(pictures + "rgba16.png"); err != nil || !slices.Equal(m.Data, []float32{1 - 1/255.0, 1 - 48/255.0}) {
		t.Errorf("mask of alpha 1 and 48 is %v (%v)", m.Data, err)
	}
	// A colour key is no alpha channel for a picture, but is for a mask.
	if _, m, err = LoadImage(pictures + "rgbkey.png"); err != nil || m.Dim(1) != 64 {
		t.Errorf("mask of a colour key has shape %v (%v)", m.Shape, err)
	}
	if m, err = LoadImageMask(pictures+"rgbkey.png", "alpha"); err != nil || !slices.Equal(m.Data, []float32{1, 0}) {
		t.Errorf("mask of a colour key is %v (%v)", m.Data, err)
	}
	if _, err = LoadImageMask(pictures+"rgb.png", "hue"); err == nil {
		t.Error("channel hue is accepted")
	}
	path := filepath.Join(t.TempDir(), "note.png")
	if err := os.WriteFile(path, []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err = LoadImage(path); !errors.Is(err, imaging.ErrFormat) {
		t.Errorf("text: error is %v", err)
	}
	if h, err := HashFile(path); err != nil || len(h) != 64 {
		t.Errorf("hash is %q (%v)", h, err)
	}
}
