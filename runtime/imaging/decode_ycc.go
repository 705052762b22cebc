package imaging

import "image"

// ycc reads a JPEG or WebP picture row by row. Colour stored at half resolution is interpolated with weights 3/4 and 1/4, as
// libjpeg does ("fancy upsampling"), where Go's own conversion repeats it: the repeated kind shows as blocks in a latent.
type ycc struct {
	img        *image.YCbCr
	toRGB      conversion
	halfX      bool
	halfY      bool
	otherRatio bool // 4:1:1 and 4:1:0, which are repeated
	cw, ch     int  // size of the colour planes
}

func newYCC(img *image.YCbCr, toRGB conversion) ycc {
	b := img.Bounds()
	y := ycc{img: img, toRGB: toRGB}
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
	case image.YCbCrSubsampleRatio422:
		y.halfX = true
	case image.YCbCrSubsampleRatio420:
		y.halfX, y.halfY = true, true
	default: // 4:4:0 is rare and libjpeg repeats it, too
		y.otherRatio = true
	}
	y.cw, y.ch = b.Dx(), b.Dy()
	if y.halfX {
		y.cw = (b.Dx() + 1) / 2
	}
	if y.halfY {
		y.ch = (b.Dy() + 1) / 2
	}
	return y
}

// row converts row y to RGBA.
func (p ycc) row(y int, dst []uint8) {
	b := p.img.Bounds()
	luma := p.img.Y[p.img.YOffset(b.Min.X, y):]
	if p.otherRatio {
		for x := range b.Dx() {
			c := p.img.COffset(b.Min.X+x, y)
			r, g, bl := p.toRGB(luma[x], int32(p.img.Cb[c]), int32(p.img.Cr[c]))
			put(dst, x, r, g, bl, 255)
		}
		return
	}
	cb, cr := make([]int32, b.Dx()+1), make([]int32, b.Dx()+1)
	p.colorRow(p.img.Cb, y-b.Min.Y, cb)
	p.colorRow(p.img.Cr, y-b.Min.Y, cr)
	for x := range b.Dx() {
		r, g, bl := p.toRGB(luma[x], cb[x], cr[x])
		put(dst, x, r, g, bl, 255)
	}
}

// colorRow fills out with row y of a colour plane at full width; out has one value more than the row, for odd widths.
func (p ycc) colorRow(plane []uint8, y int, out []int32) {
	stride := p.img.CStride
	if !p.halfX {
		for x, v := range plane[y*stride:][:p.cw] {
			out[x] = int32(v)
		}
		return
	}
	at := func(x int) int32 { return 4 * int32(plane[y*stride+x]) }
	// Sums of weights are 16 with rows mixed, 4 without; the rounding alternates 8 and 7 (or 1 and 2 of 4), as libjpeg has it.
	left, right, shift := int32(8), int32(7), 4
	if p.halfY {
		near, other := y/2, y/2-1
		if y%2 == 1 {
			other = y/2 + 1
		}
		other = min(max(other, 0), p.ch-1)
		a, b := plane[near*stride:], plane[other*stride:]
		at = func(x int) int32 { return 3*int32(a[x]) + int32(b[x]) }
	} else {
		left, right = 4, 8
	}
	for x := range p.cw {
		v := at(x)
		out[2*x] = (3*v + at(max(x-1, 0)) + left) >> shift
		if 2*x+1 < len(out) {
			out[2*x+1] = (3*v + at(min(x+1, p.cw-1)) + right) >> shift
		}
	}
}

// conversion makes 8-bit colour of luma and chroma.
type conversion func(luma uint8, cb, cr int32) (r, g, b uint8)

// jfif is the full-range conversion of JPEG, in 16-bit fixed point with the rounding of libjpeg.
func jfif(luma uint8, cb, cr int32) (r, g, b uint8) {
	const half = 1 << 15
	y := int32(luma)
	cb, cr = cb-128, cr-128
	r = clip8(y + (91881*cr+half)>>16)           // 1.40200
	g = clip8(y + (-22554*cb-46802*cr+half)>>16) // 0.34414, 0.71414
	b = clip8(y + (116130*cb+half)>>16)          // 1.77200
	return r, g, b
}

// video is the conversion of WebP: ITU-R BT.601 with luma 16…235, in 14-bit fixed point with the rounding of libwebp.
func video(luma uint8, cb, cr int32) (r, g, b uint8) {
	y := int32(luma) * 19077 >> 8                         // 1.164
	r = clip8((y + cr*26149>>8 - 14234) >> 6)             // 1.596
	g = clip8((y - cb*6419>>8 - cr*13320>>8 + 8708) >> 6) // 0.392, 0.813
	b = clip8((y + cb*33050>>8 - 17685) >> 6)             // 2.017
	return r, g, b
}
