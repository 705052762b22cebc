package ojson

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits protects the reader from documents made to exhaust it. The zero value means the defaults.
type Limits struct {
	MaxBytes int // length of the document; 0 means DefaultMaxBytes
	MaxDepth int // arrays and objects inside each other; 0 means DefaultMaxDepth
}

// Defaults of Limits. Workflows nest about ten deep; Python's own reader gives up near one thousand.
const (
	DefaultMaxBytes = 64 << 20
	DefaultMaxDepth = 1000
)

// Reasons for which a document is refused whatever it says. Errors of Parse and Read wrap them.
var (
	ErrTooLarge = errors.New("document too large")
	ErrTooDeep  = errors.New("nested too deep")
)

// SyntaxError says where a text stops being JSON, counted from 1; columns are characters.
type SyntaxError struct {
	Line, Column int
	Problem      string // "expected ':' after a key, found '}'"
	cause        error  // ErrTooDeep or nil
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("json: line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

func (e *SyntaxError) Unwrap() error { return e.cause }

// Parse reads one JSON document. Beyond the standard it takes what Python takes: NaN, Infinity, -Infinity, lone surrogates and a
// leading byte order mark; of keys given twice the last value wins, at the place of the first. Errors are *SyntaxError or wrap
// ErrTooLarge.
func Parse(data []byte, limits Limits) (any, error) {
	limits = limits.withDefaults()
	if len(data) > limits.MaxBytes {
		return nil, fmt.Errorf("json: %w: %d bytes, and %d are allowed", ErrTooLarge, len(data), limits.MaxBytes)
	}
	// The text is copied once; strings without escapes are parts of the copy.
	p := parser{text: string(data), maxDepth: limits.MaxDepth}
	p.pos = len(p.text) - len(strings.TrimPrefix(p.text, "\ufeff"))
	v, err := p.document()
	if err != nil {
		return nil, err
	}
	return v, nil
}

// ParseObject is Parse for a document that must be an object.
func ParseObject(data []byte, limits Limits) (*Object, error) {
	v, err := Parse(data, limits)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*Object)
	if !ok {
		return nil, fmt.Errorf("json: the document is %s; an object {…} is needed", Kind(v))
	}
	return o, nil
}

// Read is Parse for a stream; it reads at most one byte more than the limit.
func Read(r io.Reader, limits Limits) (any, error) {
	limits = limits.withDefaults()
	data, err := io.ReadAll(io.LimitReader(r, int64(limits.MaxBytes)+1))
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	if len(data) > limits.MaxBytes {
		return nil, fmt.Errorf("json: %w: more than the %d bytes allowed", ErrTooLarge, limits.MaxBytes)
	}
	return Parse(data, limits)
}

// Kind names the kind of a value for an error text: "null", "a boolean", "a number", "a string", "an array", "an object".
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int, int64, uint64, float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	case *Object:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	return l
}

// parser is a recursive descent over text. Items of open arrays and members of open objects wait on two stacks, so that each
// container is allocated once, at its final size.
type parser struct {
	text     string
	pos      int
	depth    int
	maxDepth int
	items    []any
	members  []member
}

func (p *parser) document() (any, error) {
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.pos < len(p.text) {
		return nil, p.expected("the end of the document")
	}
	return v, nil
}

func (p *parser) value() (any, error) {
	if p.pos >= len(p.text) {
		return nil, p.expected("a value")
	}
	switch c := p.text[p.pos]; {
	case c == '"':
		s, err := p.string()
		if err != nil {
			return nil, err
		}
		return s, nil
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	for _, word := range literals {
		if strings.HasPrefix(p.text[p.pos:], word.text) {
			p.pos += len(word.text)
			return word.value, nil
		}
	}
	return nil, p.expected("a value")
}

var literals = []struct {
	text  string
	value any
}{
	{"true", true}, {"false", false}, {"null", nil}, {"NaN", math.NaN()}, {"Infinity", math.Inf(1)},
}

func (p *parser) array() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	p.space()
	if p.accept(']') {
		p.depth--
		return []any{}, nil
	}
	base := len(p.items)
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, v)
		p.space()
		if p.accept(']') {
			break
		}
		if !p.accept(',') {
			return nil, p.expected("',' or ']' after an item")
		}
		p.space()
	}
	list := make([]any, len(p.items)-base)
	copy(list, p.items[base:])
	clear(p.items[base:])
	p.items = p.items[:base]
	p.depth--
	return list, nil
}

func (p *parser) object() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	p.space()
	if p.accept('}') {
		p.depth--
		return &Object{}, nil
	}
	base := len(p.members)
	for {
		if p.pos >= len(p.text) || p.text[p.pos] != '"' {
			return nil, p.expected("a key in double quotes")
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		p.space()
		if !p.accept(':') {
			return nil, p.expected("':' after a key")
		}
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.members = append(p.members, member{key, v})
		p.space()
		if p.accept('}') {
			break
		}
		if !p.accept(',') {
			return nil, p.expected("',' or '}' after a value")
		}
		p.space()
	}
	o := objectOf(p.members[base:])
	clear(p.members[base:])
	p.members = p.members[:base]
	p.depth--
	return o, nil
}

// objectOf copies members; of a key that comes twice the last value wins, at the place of the first.
func objectOf(members []member) *Object {
	o := &Object{members: make([]member, 0, len(members))}
	if len(members) >= indexFrom {
		o.index = make(map[string]int, len(members))
	}
	for _, m := range members {
		o.Set(m.key, m.value)
	}
	return o
}

// enter steps over the opening bracket; the end of the container takes the level back.
func (p *parser) enter() error {
	if p.depth == p.maxDepth {
		err := p.errorAt(p.pos, fmt.Sprintf("nested deeper than the %d levels allowed", p.maxDepth))
		err.cause = ErrTooDeep
		return err
	}
	p.depth++
	p.pos++
	return nil
}

func (p *parser) space() {
	for p.pos < len(p.text) {
		switch p.text[p.pos] {
		case ' ', '\n', '\t', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) accept(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// number reads -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? and -Infinity. Without fraction and exponent it is a whole number.
func (p *parser) number() (any, error) {
	start := p.pos
	if p.accept('-') && strings.HasPrefix(p.text[p.pos:], "Infinity") {
		p.pos += len("Infinity")
		return math.Inf(-1), nil
	}
	if first := p.pos; !p.accept('0') && p.digits() == 0 {
		return nil, p.expected("a digit")
	} else if p.text[first] == '0' && p.digits() > 0 {
		return nil, p.errorAt(first, "a number may not begin with 0 followed by digits")
	}
	whole := true
	if p.accept('.') {
		whole = false
		if p.digits() == 0 {
			return nil, p.expected("a digit after the decimal point")
		}
	}
	if p.accept('e') || p.accept('E') {
		whole = false
		if !p.accept('+') {
			p.accept('-')
		}
		if p.digits() == 0 {
			return nil, p.expected("a digit in the exponent")
		}
	}
	text := p.text[start:p.pos]
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // the only error left is overflow, which is ±Inf in Python too
	return f, nil
}

func (p *parser) digits() int {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.pos - start
}

// expected is the error of a missing piece at the current position.
func (p *parser) expected(what string) error {
	found := "the end of the document"
	if p.pos < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if r == utf8.RuneError && size == 1 {
			found = fmt.Sprintf("byte 0x%02x", p.text[p.pos])
		} else {
			found = strconv.QuoteRune(r)
		}
	}
	return p.errorAt(p.pos, "expected "+what+", found "+found)
}

func (p *parser) errorAt(pos int, problem string) *SyntaxError {
	before := strings.TrimPrefix(p.text[:pos], "\ufeff")
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &SyntaxError{
		Line:    strings.Count(before, "\n") + 1,
		Column:  utf8.RuneCountInString(line) + 1,
		Problem: problem,
	}
}
