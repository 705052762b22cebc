package runtime

import (
	"fmt"
	"math"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// SolidImage is a batch of pictures of one colour 0xRRGGBB. The error wraps imaging.ErrTooLarge.
func SolidImage(width, height, batch, color int) (Image, error) {
	if err := imaging.CheckSize("empty image", batch, height, width, 3); err != nil {
		return Image{}, err
	}
	out := tensor.New(batch, height, width, 3)
	rgb := [3]float32{float32(color>>16&255) / 255, float32(color>>8&255) / 255, float32(color&255) / 255}
	for p := 0; p < out.Len(); p += 3 {
		copy(out.Data[p:], rgb[:])
	}
	return Image{out}, nil
}

// Invert is 1 - i in every channel.
func (i Image) Invert() Image {
	out := tensor.New(i.Shape...)
	for k, v := range i.Data {
		out.Data[k] = 1 - v
	}
	return Image{out}
}

// Resize stretches pictures to a size. Both sizes 0 change nothing; one of them 0 is worked out from the aspect.
func (i Image) Resize(width, height int, m imaging.Method, crop imaging.Crop) (Image, error) {
	if width == 0 && height == 0 {
		return i, nil
	}
	h, w := float64(i.Dim(1)), float64(i.Dim(2))
	switch {
	case width == 0:
		width = max(1, roundEven(w*float64(height)/h))
	case height == 0:
		height = max(1, roundEven(h*float64(width)/w))
	}
	planes, err := imaging.ResizeCrop(imaging.Planes(i.Tensor), height, width, m, crop)
	if err != nil {
		return Image{}, err
	}
	return Image{imaging.Interleave(planes)}, nil
}

// ScaleBy stretches both sides by factor.
func (i Image) ScaleBy(factor float64, m imaging.Method) (Image, error) {
	width := max(1, roundEven(float64(i.Dim(2))*factor))
	height := max(1, roundEven(float64(i.Dim(1))*factor))
	return i.Resize(width, height, m, imaging.CropDisabled)
}

// ScaleToPixels stretches both sides alike to an area of megapixels·1024·1024 pixels.
func (i Image) ScaleToPixels(megapixels float64, m imaging.Method) (Image, error) {
	total := math.Trunc(megapixels * 1024 * 1024)
	return i.ScaleBy(math.Sqrt(total/float64(i.Dim(1)*i.Dim(2))), m)
}

// Append puts o, fitted to i (bilinear, centre crop), behind i. The one of fewer channels gets opaque alpha.
func (i Image) Append(o Image) (Image, error) {
	channels := max(i.Dim(3), o.Dim(3))
	i, o = i.withChannels(channels), o.withChannels(channels)
	if i.Dim(1) != o.Dim(1) || i.Dim(2) != o.Dim(2) {
		var err error
		if o, err = o.Resize(i.Dim(2), i.Dim(1), imaging.Bilinear, imaging.CropCenter); err != nil {
			return Image{}, err
		}
	}
	joined, err := tensor.Concat(0, i.Tensor, o.Tensor)
	if err != nil {
		return Image{}, err
	}
	return Image{joined}, nil
}

// withChannels is the picture with n channels: surplus ones are cut, missing ones are 1.
func (i Image) withChannels(n int) Image {
	c := i.Dim(3)
	if c == n {
		return i
	}
	out := tensor.Full(1, i.Dim(0), i.Dim(1), i.Dim(2), n)
	for p := range i.Len() / c {
		copy(out.Data[p*n:(p+1)*n], i.Data[p*c:(p+1)*c])
	}
	return Image{out}
}

// Channel is a channel of a picture as a mask: red, green, blue or alpha.
func (i Image) Channel(name string) (Mask, error) {
	k := map[string]int{"red": 0, "green": 1, "blue": 2, "alpha": 3}
	channel, ok := k[name]
	if !ok {
		return Mask{}, fmt.Errorf("unknown channel %q; use red, green, blue or alpha", name)
	}
	c := i.Dim(3)
	if channel >= c {
		return Mask{}, fmt.Errorf("the picture has %d channels and no %s; choose another channel", c, name)
	}
	out := tensor.New(i.Dim(0), i.Dim(1), i.Dim(2))
	for p := range out.Data {
		out.Data[p] = i.Data[p*c+channel]
	}
	return Mask{out}, nil
}

// ColorMask is 1 where the 8-bit colour (rounded) is exactly 0xRRGGBB, else 0.
func (i Image) ColorMask(color int) Mask {
	i = i.withChannels(max(3, i.Dim(3)))
	c := i.Dim(3)
	out := tensor.New(i.Dim(0), i.Dim(1), i.Dim(2))
	for p := range out.Data {
		rgb := 0
		for k := range 3 {
			v := min(max(i.Data[p*c+k], 0), 1) * 255
			rgb = rgb<<8 | roundEven(float64(v))
		}
		out.Data[p] = truth(rgb == color)
	}
	return Mask{out}
}

// PadForOutpaint surrounds a picture with middle grey. The mask is 1 on the new part; over feathering pixels it fades into the
// picture from those sides that were extended: ((f-d)/f)² at distance d. A picture too small to feather on both sides gets
// a hard edge. The error wraps imaging.ErrTooLarge.
func (i Image) PadForOutpaint(left, top, right, bottom, feathering int) (Image, Mask, error) {
	n, h, w, c := i.Dim(0), i.Dim(1), i.Dim(2), i.Dim(3)
	height, width := h+top+bottom, w+left+right
	if err := imaging.CheckSize("pad for outpainting", n, height, width, c); err != nil {
		return Image{}, Mask{}, err
	}
	out := tensor.Full(0.5, n, height, width, c)
	for b := range n {
		for y := range h {
			copy(out.Data[((b*height+top+y)*width+left)*c:][:w*c], i.Data[(b*h+y)*w*c:])
		}
	}
	mask := tensor.Full(1, 1, height, width)
	for y := range h {
		row := mask.Data[(top+y)*width+left:][:w]
		clear(row)
		if feathering <= 0 || feathering*2 >= h || feathering*2 >= w {
			continue
		}
		for x := range row {
			d := feathering
			if top > 0 {
				d = min(d, y)
			}
			if bottom > 0 {
				d = min(d, h-y)
			}
			if left > 0 {
				d = min(d, x)
			}
			if right > 0 {
				d = min(d, w-x)
			}
			v := float64(feathering-d) / float64(feathering)
			row[x] = float32(v * v)
		}
	}
	return Image{out}, Mask{mask}, nil
}
