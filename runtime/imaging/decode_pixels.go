package imaging

import (
	"image"
	"image/color"

	"github.com/oneactor/oneactor/internal/parallel"
)

// frameOf converts what a decoder made to 8-bit RGBA. 16-bit grey is scaled by 1/255 and clipped, other 16-bit values keep
// their high byte, as Pillow does with them. toRGB is how luma and chroma become colour, jfif or video.
func frameOf(img image.Image, toRGB conversion) Frame {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	f := Frame{Width: w, Height: h, Pixels: make([]uint8, w*h*4)}
	rows := func(row func(y int, dst []uint8)) {
		parallel.Ranges(h, w*4, func(from, to int) {
			for y := from; y < to; y++ {
				row(b.Min.Y+y, f.Pixels[y*w*4:(y+1)*w*4])
			}
		})
	}
	switch img := img.(type) {
	case *image.Gray:
		rows(func(y int, dst []uint8) {
			for x, v := range img.Pix[img.PixOffset(b.Min.X, y):][:w] {
				put(dst, x, v, v, v, 255)
			}
		})
	case *image.Gray16:
		rows(func(y int, dst []uint8) {
			src := img.Pix[img.PixOffset(b.Min.X, y):]
			for x := range w {
				v := uint8(min((int(src[2*x])<<8|int(src[2*x+1]))/255, 255))
				put(dst, x, v, v, v, 255)
			}
		})
	case *image.RGBA:
		rows(func(y int, dst []uint8) { copy(dst, img.Pix[img.PixOffset(b.Min.X, y):]) })
		if !img.Opaque() {
			f.Alpha = AlphaChannel
			unpremultiply(f.Pixels)
		}
	case *image.NRGBA:
		f.Alpha = AlphaChannel
		rows(func(y int, dst []uint8) { copy(dst, img.Pix[img.PixOffset(b.Min.X, y):]) })
	case *image.RGBA64:
		rows(func(y int, dst []uint8) { highBytes(dst, img.Pix[img.PixOffset(b.Min.X, y):]) })
		if !img.Opaque() {
			f.Alpha = AlphaChannel
			unpremultiply(f.Pixels)
		}
	case *image.NRGBA64:
		f.Alpha = AlphaChannel
		rows(func(y int, dst []uint8) { highBytes(dst, img.Pix[img.PixOffset(b.Min.X, y):]) })
	case *image.Paletted:
		var table [256]color.NRGBA
		for i, c := range img.Palette {
			table[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
			if table[i].A != 255 {
				f.Alpha = AlphaChannel
			}
		}
		rows(func(y int, dst []uint8) {
			for x, i := range img.Pix[img.PixOffset(b.Min.X, y):][:w] {
				put(dst, x, table[i].R, table[i].G, table[i].B, table[i].A)
			}
		})
	case *image.YCbCr:
		ycc := newYCC(img, toRGB)
		rows(ycc.row)
	case *image.NYCbCrA:
		f.Alpha = AlphaChannel
		ycc := newYCC(&img.YCbCr, toRGB)
		rows(func(y int, dst []uint8) {
			ycc.row(y, dst)
			for x, a := range img.A[img.AOffset(b.Min.X, y):][:w] {
				dst[4*x+3] = a
			}
		})
	default: // CMYK and whatever a decoder may grow
		rows(func(y int, dst []uint8) {
			for x := range w {
				c := color.NRGBAModel.Convert(img.At(b.Min.X+x, y)).(color.NRGBA)
				put(dst, x, c.R, c.G, c.B, c.A)
			}
		})
		if o, ok := img.(interface{ Opaque() bool }); !ok || !o.Opaque() {
			f.Alpha = AlphaChannel
		}
	}
	return f
}

func put(dst []uint8, x int, r, g, b, a uint8) {
	dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = r, g, b, a
}

// highBytes drops the low byte of big-endian 16-bit values.
func highBytes(dst, src []uint8) {
	for i := range dst {
		dst[i] = src[2*i]
	}
}
