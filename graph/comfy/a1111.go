package comfy

import (
	"fmt"
	"strconv"
	"strings"
)

// a1111 is the text that the web UI of AUTOMATIC1111, and its descendants, save with a picture:
//
//	a cat <lora:fluffy:0.8>
//	Negative prompt: blurry
//	Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 5, Size: 512x768, Model: name, Hashes: {"model": "6ce0161689"}
type a1111 struct {
	positive, negative string
	fields             []a1111Field
}

type a1111Field struct {
	name  string // as written
	value string // without quotes
	used  bool
}

// isA1111 says whether a text has the line of settings that makes it one.
func isA1111(text string) bool {
	return strings.HasPrefix(text, "Steps: ") || strings.Contains(text, "\nSteps: ")
}

// parseA1111 takes a text apart; false if it has no settings.
func parseA1111(text string) (p a1111, ok bool) {
	text = "\n" + strings.ReplaceAll(text, "\r\n", "\n")
	at := strings.LastIndex(text, "\nSteps: ")
	if at < 0 {
		return p, false
	}
	settings, _, _ := strings.Cut(text[at+1:], "\n")
	p.fields = parseFields(settings)
	prompts := text[:at]
	if i := strings.LastIndex(prompts, "\nNegative prompt:"); i >= 0 {
		p.negative = strings.TrimSpace(prompts[i+len("\nNegative prompt:"):])
		prompts = prompts[:i]
	}
	p.positive = strings.TrimSpace(prompts)
	return p, true
}

// parseFields reads "Name: value, …". A value may be quoted, with backslashes, or JSON in brackets, either with commas inside.
func parseFields(s string) (fields []a1111Field) {
	for s != "" {
		name, rest, ok := strings.Cut(s, ":")
		if !ok {
			break
		}
		rest = strings.TrimLeft(rest, " ")
		end := valueEnd(rest)
		value := strings.TrimSpace(rest[:end])
		if unquoted, err := strconv.Unquote(value); err == nil && strings.HasPrefix(value, `"`) {
			value = unquoted
		}
		fields = append(fields, a1111Field{name: strings.TrimSpace(name), value: value})
		s = strings.TrimLeft(strings.TrimPrefix(rest[end:], ","), " ")
	}
	return fields
}

// valueEnd is where the value at the beginning of s ends: at a comma outside of quotes and brackets.
func valueEnd(s string) int {
	depth, quoted := 0, false
	nests := strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") || strings.HasPrefix(s, `"`)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case !nests && c == ',':
			return i
		case !nests:
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth <= 0:
			return i
		}
	}
	return len(s)
}

// field returns a setting, "" if it is not there, and notes that it was used. Letter case does not matter.
func (p *a1111) field(name string) string {
	for i := range p.fields {
		if f := &p.fields[i]; strings.EqualFold(f.name, name) {
			f.used = true
			return f.value
		}
	}
	return ""
}

// number reads a setting that is a number; absent and wrong ones are the default, wrong ones with a complaint.
func (p *a1111) number(name string, ifAbsent float64, complain func(string)) float64 {
	text := p.field(name)
	if text == "" {
		return ifAbsent
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f-f != 0 {
		complain(fmt.Sprintf("%s is %q, which is no number; taken as %v", name, shorten(text), ifAbsent))
		return ifAbsent
	}
	return f
}

// whole is number for whole numbers within limits.
func (p *a1111) whole(name string, ifAbsent, low, high int64, complain func(string)) int64 {
	f := p.number(name, float64(ifAbsent), complain)
	if f < float64(low) || f > float64(high) {
		complain(fmt.Sprintf("%s is %v; taken as %d, as %d to %d are possible", name, f, ifAbsent, low, high))
		return ifAbsent
	}
	return int64(f)
}

// size reads "512x768"; false if the setting is absent or wrong.
func (p *a1111) size(name string, complain func(string)) (width, height int64, ok bool) {
	text := p.field(name)
	if text == "" {
		return 0, 0, false
	}
	w, h, _ := strings.Cut(text, "x")
	width, err1 := strconv.ParseInt(strings.TrimSpace(w), 10, 32)
	height, err2 := strconv.ParseInt(strings.TrimSpace(h), 10, 32)
	if err1 != nil || err2 != nil || width < 1 || height < 1 || width > 16384 || height > 16384 {
		complain(fmt.Sprintf("%s is %q; widths and heights are written 512x768", name, shorten(text)))
		return 0, 0, false
	}
	return width, height, true
}

// ignored lists the settings that nothing asked for, but for those that say nothing about the picture.
func (p *a1111) ignored() (names []string) {
	for _, f := range p.fields {
		if !f.used && !silentFields[strings.ToLower(f.name)] {
			names = append(names, f.name)
		}
	}
	return names
}

// silentFields name files that are named elsewhere too, or the program.
var silentFields = map[string]bool{
	"version": true, "hashes": true, "lora hashes": true, "ti hashes": true, "vae hash": true, "model hash": true, "ti": true,
	"civitai resources": true, "civitai metadata": true, "user": true, "created date": true, "hires prompt": false,
}
