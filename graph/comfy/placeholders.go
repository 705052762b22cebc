package comfy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// replacePlaceholders fills in %date:FORMAT% and %Node.widget%, the value of a widget of the node with that name. What is neither stays,
// since the server has placeholders of its own; for a name that is not found there is a warning.
func (c *converter) replacePlaceholders(n *uiNode, text string) string {
	if !strings.Contains(text, "%") || !c.spend(len(text)) {
		return text
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			break
		}
		length := strings.IndexByte(text[i+1:], '%')
		if length < 0 {
			break
		}
		b.WriteString(text[:i])
		name := text[i+1 : i+1+length]
		if value, ok := c.placeholder(n, name); ok {
			b.WriteString(value)
		} else {
			if length == 0 { // "%%": the second may begin a placeholder
				b.WriteByte('%')
				text = text[i+1:]
				continue
			}
			b.WriteString(text[i : i+length+2])
		}
		text = text[i+length+2:]
	}
	return b.String() + text
}

func (c *converter) placeholder(n *uiNode, name string) (string, bool) {
	if format, ok := strings.CutPrefix(name, "date:"); ok {
		return formatDate(format, c.now), true
	}
	nodeName, widgetName, ok := strings.Cut(name, ".")
	if !ok || strings.Contains(widgetName, ".") {
		return "", false
	}
	node := c.findNode(nodeName)
	if node == nil {
		c.warn(n, fmt.Sprintf("%%%s%%: no node is named %q; left as it is", shorten(name), shorten(nodeName)))
		return "", false
	}
	value, ok := c.shownValue(node, widgetName)
	if !c.spend(len(value) + len(node.inputs)) {
		c.warn(n, fmt.Sprintf("%%%s%%: the texts of the file are too long; left as it is", shorten(name)))
		return "", false
	}
	if !ok {
		c.warn(n, fmt.Sprintf("%%%s%%: node %s has no widget %q; left as it is", shorten(name), node.id, shorten(widgetName)))
		return "", false
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`/?<>\:*|"`, r) {
			return '_'
		}
		return r
	}, value), true
}

// shownValue is what the editor would show in a widget; false if there is none with that name or it holds no plain value.
func (c *converter) shownValue(n *uiNode, name string) (string, bool) {
	if n.class == "PrimitiveNode" {
		if name != "value" {
			return "", false
		}
		return javaScriptText(n.firstValue())
	}
	class := c.definitions.Class(n.class)
	if class == nil {
		return "", false
	}
	widgets := c.widgetsOf(n, class)
	i := slices.IndexFunc(widgets, func(w widget) bool { return w.Name == name })
	if i < 0 {
		return "", false
	}
	for j := range n.inputs {
		if slot := &n.inputs[j]; slot.link != "" && slot.widgetName() == name {
			if from := c.resolve(slot.link, slot.typ); from.node != nil && from.node.class == "PrimitiveNode" {
				return javaScriptText(from.node.firstValue())
			}
		}
	}
	return javaScriptText(widgets[i].value)
}

// nodeNames finds nodes by the names that texts use: the property "Node name for S&R" goes before the title.
type nodeNames struct{ byProperty, byTitle map[string]*uiNode }

func (c *converter) findNode(name string) *uiNode {
	if c.names == nil {
		c.names = &nodeNames{map[string]*uiNode{}, map[string]*uiNode{}}
		add := func(names map[string]*uiNode, name string, n *uiNode) {
			if name != "" && names[name] == nil {
				names[name] = n // the first of several
			}
		}
		for _, n := range c.nodes {
			title := n.title
			if class := c.definitions.Class(n.class); title == "" && class != nil {
				title = class.Title
			}
			add(c.names.byProperty, n.raw.Object("properties").String("Node name for S&R"), n)
			add(c.names.byTitle, title, n)
		}
	}
	if n := c.names.byProperty[name]; n != nil {
		return n
	}
	return c.names.byTitle[name]
}

// javaScriptText is String(v) of a plain value, except that there is no difference between 8 and 8.0.
func javaScriptText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case []any, *ojson.Object:
		return "", false
	case float64:
		if n, ok := whole(v); ok {
			return strconv.FormatInt(n, 10), true
		}
	}
	text, err := ojson.Marshal(v, ojson.Compact)
	return string(text), err == nil
}

// formatDate replaces yyyy, yy, MM, M, dd, d, hh, h (of 24), mm, m, ss and s in a format.
func formatDate(format string, t time.Time) string {
	var b strings.Builder
	for format != "" {
		token := dateToken(format)
		switch token {
		case "yyyy":
			fmt.Fprintf(&b, "%04d", t.Year())
		case "yy":
			fmt.Fprintf(&b, "%02d", t.Year()%100)
		case "MM", "M":
			fmt.Fprintf(&b, "%0*d", len(token), int(t.Month()))
		case "dd", "d":
			fmt.Fprintf(&b, "%0*d", len(token), t.Day())
		case "hh", "h":
			fmt.Fprintf(&b, "%0*d", len(token), t.Hour())
		case "mm", "m":
			fmt.Fprintf(&b, "%0*d", len(token), t.Minute())
		case "ss", "s":
			fmt.Fprintf(&b, "%0*d", len(token), t.Second())
		default:
			token = format[:1]
			b.WriteString(token)
		}
		format = format[len(token):]
	}
	return b.String()
}

// dateToken is the longest token that format begins with, or "".
func dateToken(format string) string {
	for _, token := range []string{"yyyy", "yy", "MM", "M", "dd", "d", "hh", "h", "mm", "m", "ss", "s"} {
		if strings.HasPrefix(format, token) {
			return token
		}
	}
	return ""
}
