package runtime

import (
	"strings"

	"github.com/oneactor/oneactor/runtime/imaging"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// AllPictures are the items of several batches, each [H,W,C], as views.
func AllPictures(batches []Image) []*tensor.Tensor {
	var list []*tensor.Tensor
	for _, b := range batches {
		list = append(list, b.Pictures()...)
	}
	return list
}

// DrawSheet lays a contact sheet out. The error wraps tensor.ErrShape where there are no pictures, or imaging.ErrTooLarge.
func DrawSheet(s imaging.Sheet) (Image, error) {
	x, err := s.Draw()
	return Image{x}, err
}

// Lines are the words for pictures one by one: a single text has a line for each, several texts are one each.
func Lines(texts []string) []string {
	if len(texts) != 1 {
		return texts
	}
	text := strings.TrimRight(strings.ReplaceAll(texts[0], "\r\n", "\n"), "\n ")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
