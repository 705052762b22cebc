package tokenizer

// symbol is a piece of a word while it is being merged; pieces form a list, -1 ends it.
type symbol struct {
	id         int
	end        int // behind its last byte
	prev, next int
}

// piece is a token of a word and the bytes of the word it covers.
type piece struct{ id, start, end int }

// encodeWord cuts a word into tokens by CLIP's byte pair encoding: of all pairs of neighbours the one of the lowest rank is
// joined, the leftmost first, until no pair is in the table. A heap of pairs keeps long words from taking quadratic time.
func encodeWord(word string) []piece {
	if word == "" {
		return nil
	}
	symbols := make([]symbol, len(word))
	for i := range symbols {
		symbols[i] = symbol{letterID(word[i]), i + 1, i - 1, i + 1}
	}
	last := &symbols[len(symbols)-1]
	last.id += letters
	last.next = -1

	var pairs pairHeap
	rankAt := func(i int) (int, bool) {
		if i < 0 || symbols[i].next < 0 {
			return 0, false
		}
		return mergeRank(symbols[i].id, symbols[symbols[i].next].id)
	}
	consider := func(i int) {
		if rank, ok := rankAt(i); ok {
			pairs.push(rank, i)
		}
	}
	for i := range symbols {
		consider(i)
	}
	for len(pairs) > 0 {
		rank, i := pairs.pop()
		// An entry is stale where one of its symbols was merged since.
		if now, ok := rankAt(i); !ok || now != rank {
			continue
		}
		s := &symbols[i]
		gone := &symbols[s.next]
		s.id, s.end, s.next = firstMerge+rank, gone.end, gone.next
		gone.next = -1
		if s.next >= 0 {
			symbols[s.next].prev = i
		}
		consider(s.prev)
		consider(i)
	}

	var out []piece
	for i, start := 0, 0; i >= 0; i = symbols[i].next {
		out = append(out, piece{symbols[i].id, start, symbols[i].end})
		start = symbols[i].end
	}
	return out
}

// pairHeap is a binary heap of (rank, position), the least on top.
type pairHeap []uint64

func (h *pairHeap) push(rank, at int) {
	q := append(*h, uint64(rank)<<32|uint64(at))
	for i := len(q) - 1; i > 0 && q[i] < q[(i-1)/2]; i = (i - 1) / 2 {
		q[i], q[(i-1)/2] = q[(i-1)/2], q[i]
	}
	*h = q
}

func (h *pairHeap) pop() (rank, at int) {
	q := *h
	top := q[0]
	q[0] = q[len(q)-1]
	q = q[:len(q)-1]
	for i := 0; 2*i+1 < len(q); {
		least := 2*i + 1
		if r := least + 1; r < len(q) && q[r] < q[least] {
			least = r
		}
		if q[i] <= q[least] {
			break
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
	*h = q
	return int(top >> 32), int(uint32(top))
}
