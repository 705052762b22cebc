package imaging

import (
	"cmp"
	"slices"
)

// MaxColors is the largest palette.
const MaxColors = 256

// swatch is a colour and how many pixels have it.
type swatch struct {
	rgb   [3]uint8
	count int
}

// box is a set of colours, a node of the tree that median cut grows.
type box struct {
	swatches []swatch
	pixels   int
	halves   [2]*box
}

// medianCut chooses at most n colours for RGBA pixels; alpha is ignored (Heckbert 1982). The box with most pixels is halved
// until there are n, at the median of the axis along which it is widest, weighted by luma; a colour of the palette is the mean
// of its box. Choices follow Pillow's, so that palettes agree with it for pictures of up to maxDistinct colours.
func medianCut(px []uint8, n int) [][3]uint8 {
	root := &box{swatches: histogram(px), pixels: len(px) / 4}
	heap := boxHeap{root}
	for count := 1; count < n && len(heap) > 0; {
		b := heap.pop()
		if !b.split() {
			continue
		}
		heap.push(b.halves[0])
		heap.push(b.halves[1])
		count++
	}
	return root.palette(nil)
}

// maxDistinct is how many colours a histogram tells apart; above, low bits are dropped until it suffices.
const maxDistinct = 1 << 16

func histogram(px []uint8) []swatch {
	for shift := 0; ; shift++ {
		place := map[[3]uint8]int{}
		var list []swatch
		for i := 0; i < len(px) && len(list) <= maxDistinct; i += 4 {
			rgb := [3]uint8(px[i:])
			key := [3]uint8{rgb[0] >> shift, rgb[1] >> shift, rgb[2] >> shift}
			at, ok := place[key]
			if !ok {
				at = len(list)
				place[key] = at
				list = append(list, swatch{rgb: rgb})
			}
			list[at].count++
		}
		if len(list) <= maxDistinct {
			return list
		}
	}
}

// split halves a box; false where it has one colour.
func (b *box) split() bool {
	axis := b.widest()
	s := b.swatches
	slices.SortStableFunc(s, func(a, c swatch) int { return cmp.Compare(c.rgb[axis], a.rgb[axis]) })
	at, sum := 0, 0
	for at < len(s) {
		sum += s[at].count
		at++
		if sum*2 > b.pixels {
			break
		}
	}
	// Colours that agree on the axis stay together.
	for at < len(s) && s[at].rgb[axis] == s[at-1].rgb[axis] {
		at++
	}
	if at == len(s) {
		for at > 0 && s[at-1].rgb[axis] == s[len(s)-1].rgb[axis] {
			at--
		}
		if at == 0 {
			return false
		}
	}
	for i, part := range [][]swatch{s[:at], s[at:]} {
		half := &box{swatches: part}
		for _, w := range part {
			half.pixels += w.count
		}
		b.halves[i] = half
	}
	return true
}

// widest is the axis with the largest extent, weighted by what the channel adds to luma.
func (b *box) widest() int {
	weight := [3]int{77, 150, 29}
	best, axis := -1, 0
	for k := range 3 {
		low, high := 255, 0
		for _, s := range b.swatches {
			low, high = min(low, int(s.rgb[k])), max(high, int(s.rgb[k]))
		}
		if extent := (high - low) * weight[k]; extent > best {
			best, axis = extent, k
		}
	}
	return axis
}

// palette appends the mean colours of the leaves, first halves first.
func (b *box) palette(list [][3]uint8) [][3]uint8 {
	if b.halves[0] != nil {
		return b.halves[1].palette(b.halves[0].palette(list))
	}
	var mean [3]uint8
	for k := range 3 {
		sum := 0
		for _, s := range b.swatches {
			sum += int(s.rgb[k]) * s.count
		}
		mean[k] = uint8(0.5 + float64(sum)/float64(b.pixels))
	}
	return append(list, mean)
}

// boxHeap is a binary heap with the box of most pixels on top. Which of two equal ones is on top follows Pillow's heap;
// container/heap decides otherwise.
type boxHeap []*box

func (h *boxHeap) push(b *box) {
	*h = append(*h, b)
	k := len(*h) - 1
	for k > 0 {
		parent := (k - 1) / 2
		if b.pixels <= (*h)[parent].pixels {
			break
		}
		(*h)[k] = (*h)[parent]
		k = parent
	}
	(*h)[k] = b
}

func (h *boxHeap) pop() *box {
	list := *h
	top, last := list[0], list[len(list)-1]
	list = list[:len(list)-1]
	*h = list
	if len(list) == 0 {
		return top
	}
	k := 0
	for {
		child := 2*k + 1
		if child >= len(list) {
			break
		}
		if child+1 < len(list) && list[child].pixels < list[child+1].pixels {
			child++
		}
		if last.pixels > list[child].pixels {
			break
		}
		list[k] = list[child]
		k = child
	}
	list[k] = last
	return top
}
