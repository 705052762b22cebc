package comfy

import "github.com/oneactor/oneactor/graph/ojson"

// Clone is a copy that shares nothing that SetValue or validation changes.
func (f *File) Clone() *File {
	c := *f
	c.Prompt = cloneValue(f.Prompt).(*ojson.Object)
	if f.Workflow == nil {
		return &c
	}
	c.Workflow = cloneValue(f.Workflow).(*ojson.Object)
	c.ExtraPNGInfo = f.ExtraPNGInfo.Clone()
	c.ExtraPNGInfo.Set("workflow", c.Workflow)
	return &c
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case *ojson.Object:
		if v == nil {
			return v
		}
		c := ojson.NewObjectSize(v.Len())
		for key, value := range v.All() {
			c.Set(key, cloneValue(value))
		}
		return c
	case []any:
		if v == nil {
			return v
		}
		c := make([]any, len(v))
		for i, value := range v {
			c[i] = cloneValue(value)
		}
		return c
	}
	return v
}
