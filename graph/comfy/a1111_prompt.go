package comfy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// extraNetwork is a tag in a prompt such as <lora:name:0.8>.
type extraNetwork struct {
	kind, name  string
	model, clip float64
}

var networkTag = regexp.MustCompile(`<(lora|lyco|hypernet):([^:>]+)((?::[^>:]*)*)>`)

// takeNetworks removes the tags from a prompt and reads them. Of two numbers the first is for the text encoder.
func takeNetworks(text string, complain func(string)) (string, []extraNetwork) {
	var found []extraNetwork
	rest := networkTag.ReplaceAllStringFunc(text, func(tag string) string {
		parts := networkTag.FindStringSubmatch(tag)
		n := extraNetwork{kind: parts[1], name: strings.TrimSpace(parts[2]), model: 1, clip: 1}
		var plain []float64
		for _, part := range strings.Split(strings.TrimPrefix(parts[3], ":"), ":") {
			key, value, named := strings.Cut(part, "=")
			if !named {
				value = key
			}
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			switch {
			case part == "" && parts[3] == "":
			case err != nil || f-f != 0:
				complain(fmt.Sprintf("%q in %s is no number and was passed over", shorten(part), shorten(tag)))
			case key == "te":
				n.clip = f
			case key == "unet":
				n.model = f
			case named:
				complain(fmt.Sprintf("%q in %s is not known and was passed over", shorten(part), shorten(tag)))
			default:
				plain = append(plain, f)
			}
		}
		switch len(plain) {
		case 0:
		case 1:
			n.model, n.clip = plain[0], plain[0]
		default:
			n.clip, n.model = plain[0], plain[1]
		}
		found = append(found, n)
		return ""
	})
	return strings.TrimSpace(rest), found
}

// comfyText is a prompt in ComfyUI's syntax. Weights in parentheses are the same. Square brackets, which divide by 1.1, become
// parentheses; those that change or alternate words during the run have no counterpart.
func comfyText(text string, embeddings []string, complain func(string)) string {
	var b strings.Builder
	var open []int // where brackets begin in the output
	plain := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			if next := text[i+1]; next != '[' && next != ']' {
				b.WriteByte(c)
			}
			i++
			b.WriteByte(text[i])
		case c == '[':
			open = append(open, b.Len())
			b.WriteByte('[')
		case c == ']' && len(open) > 0:
			out, at := b.String(), open[len(open)-1]
			open = open[:len(open)-1]
			inside := out[at+1:]
			b.Reset()
			if strings.Contains(inside, "|") || schedules(inside) {
				plain = false
				b.WriteString(out + "]")
			} else {
				b.WriteString(out[:at] + "(" + inside + ":0.909)")
			}
		default:
			b.WriteByte(c)
		}
	}
	if !plain {
		complain("a prompt changes during the run ([a:b:0.5] or [a|b]), which has no counterpart here; it was left as text")
	}
	if strings.Contains(text, " AND ") {
		complain("a prompt has parts joined by AND, which was left as text")
	}
	return namedEmbeddings(b.String(), embeddings)
}

// schedules says whether the inside of brackets is [from:to:when].
func schedules(inside string) bool {
	depth := 0
	for _, c := range inside {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ':' && depth == 0:
			return true
		}
	}
	return false
}

// namedEmbeddings writes embedding: in front of the names of textual inversions, which A1111 finds by their bare names.
func namedEmbeddings(text string, installed []string) string {
	var names []string
	for _, file := range installed {
		if name := stem(file); name != "" && !strings.EqualFold(name, "embedding") {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	if len(names) == 0 {
		return text
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	find := regexp.MustCompile(`(?i)(^|[^\w:./-])(` + strings.Join(names, "|") + `)($|[^\w-])`)
	for range 2 { // neighbours share the character between them
		text = find.ReplaceAllString(text, "${1}embedding:${2}${3}")
	}
	return text
}

// stem is the name of a file without its folders and ending.
func stem(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		switch strings.ToLower(name[i:]) {
		case ".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".sft":
			return name[:i]
		}
	}
	return name
}
