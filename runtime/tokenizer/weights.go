package tokenizer

// segment is a run of the prompt with one weight.
type segment struct {
	chars  []char
	weight float64
}

// perGroup multiplies the weight of a group that names none.
const perGroup = 1.1

// paren is an unescaped parenthesis.
type paren struct {
	at    int // index of its char
	open  bool
	match int // the parenthesis it pairs with, -1 for none
}

// frame is a part of the prompt that is being split into segments. Only the outermost may have a ")" without its "(".
type frame struct {
	start, end int // chars
	paren      int // the next parenthesis at or after start
	unopened   int // ")" without "(" so far; that many "(" after them mean nothing
	weight     float64
}

// segments splits a prompt by weight:
//
//	(text)      1.1 times the weight around it
//	(text:1.3)  the weight 1.3, whatever is around it; groups inside multiply it
//	(text       without its end is plain text; where a ")" of an inner group ends the prompt, that one closes it
//	text) (a)   a ")" without its "(" is plain text, and takes the meaning from the next "("
//
// A group whose number does not parse keeps it as text. Time is linear in the text, and depth costs no stack: each
// parenthesis is paired once, then frames are opened and closed.
func segments(chars []char) []segment {
	parens := pair(chars)
	var out []segment
	emit := func(start, end int, weight float64) {
		if start < end {
			out = append(out, segment{chars[start:end], weight})
		}
	}
	stack := []frame{{end: len(chars), weight: 1}}
	// open begins the text of a group in parentheses at first and last.
	open := func(next, first, last int, around float64) {
		end, weight, ok := groupWeight(chars[first+1 : last])
		if !ok {
			weight = around * perGroup
		}
		stack = append(stack, frame{start: first + 1, end: first + 1 + end, paren: next, weight: weight})
	}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if f.paren == len(parens) || parens[f.paren].at >= f.end {
			emit(f.start, f.end, f.weight)
			stack = stack[:len(stack)-1]
			continue
		}
		p := parens[f.paren]
		switch {
		case !p.open:
			f.unopened++
			f.paren++
		case f.unopened > 0:
			f.unopened--
			f.paren++
		case p.match >= 0 && parens[p.match].at < f.end:
			last, next := parens[p.match].at, f.paren+1
			emit(f.start, p.at, f.weight)
			f.start, f.paren = last+1, p.match+1
			open(next, p.at, last, f.weight)
		default: // no end: the rest of the frame is one item
			start, rest := f.start, *f
			stack = stack[:len(stack)-1]
			emit(start, p.at, rest.weight)
			if c := chars[rest.end-1]; c.syntax && c.r == ')' {
				open(rest.paren+1, p.at, rest.end-1, rest.weight)
			} else {
				emit(p.at, rest.end, rest.weight)
			}
		}
	}
	return out
}

// pair lists the parentheses and finds the partner of each.
func pair(chars []char) []paren {
	var all []paren
	var open []int
	for i, c := range chars {
		if !c.syntax {
			continue
		}
		p := paren{at: i, open: c.r == '(', match: -1}
		if p.open {
			open = append(open, len(all))
		} else if len(open) > 0 {
			p.match = open[len(open)-1]
			open = open[:len(open)-1]
			all[p.match].match = len(all)
		}
		all = append(all, p)
	}
	return all
}

// groupWeight reads the number behind the last colon of a group; end is where the text before the colon ends. A group that
// starts with its only colon, or has no number, has no weight of its own.
func groupWeight(group []char) (end int, weight float64, ok bool) {
	for i := len(group) - 1; i > 0; i-- {
		switch group[i].r {
		case ':':
			if w, ok := pythonFloat(text(group[i+1:])); ok {
				return i, w, true
			}
			return len(group), 0, false
		case '(', ')': // no number has them
			return len(group), 0, false
		}
	}
	return len(group), 0, false
}
