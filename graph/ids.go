package graph

// idIndex finds the number of a node by its id. Ids are any text, but most are small decimal numbers, which need no map.
type idIndex struct {
	numeric []int32 // number + 1 by value of the id
	named   map[string]int32
}

func newIDIndex(size int) idIndex { return idIndex{numeric: make([]int32, 2*size+64)} }

// decimal is the value of an id such as "0" or "17" below limit, or -1.
func decimal(id string, limit int) int {
	if id == "" || len(id) > 9 || id[0] == '0' && len(id) > 1 {
		return -1
	}
	n := 0
	for i := range len(id) {
		digit := id[i] - '0'
		if digit > 9 {
			return -1
		}
		n = 10*n + int(digit)
	}
	if n >= limit {
		return -1
	}
	return n
}

func (x *idIndex) get(id string) (int32, bool) {
	if n := decimal(id, len(x.numeric)); n >= 0 {
		return x.numeric[n] - 1, x.numeric[n] > 0
	}
	i, ok := x.named[id]
	return i, ok
}

func (x *idIndex) set(id string, number int32) {
	if n := decimal(id, len(x.numeric)); n >= 0 {
		x.numeric[n] = number + 1
		return
	}
	if x.named == nil {
		x.named = map[string]int32{}
	}
	x.named[id] = number
}
