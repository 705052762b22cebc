package nodes

import (
	"context"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/runtime"
)

func gligenNodes() []graph.Declaration {
	return []graph.Declaration{
		graph.Declare[GLIGENLoader](),
		graph.Declare[GLIGENTextBoxApply](),
	}
}

// GLIGENLoader opens a GLIGEN model.
type GLIGENLoader struct {
	_ graph.Meta `category:"loaders" module:"nodes"`

	GLIGENName string `in:"gligen_name" choices:"gligen"`
}

// Run recognises the file by its tensors.
func (n GLIGENLoader) Run(ctx context.Context) (runtime.GLIGEN, error) {
	return runtime.FromContext(ctx).LoadGLIGEN(n.GLIGENName)
}

// GLIGENTextBoxApply places a text in a box of the picture.
type GLIGENTextBoxApply struct {
	_ graph.Meta `category:"conditioning/gligen" module:"nodes"`

	ConditioningTo     runtime.Conditioning
	CLIP               runtime.CLIP
	GLIGENTextboxModel runtime.GLIGEN `in:"gligen_textbox_model"`
	Text               string         `multiline:"true" dynamic:"true"`
	Width              int            `default:"64" min:"8" max:"16384" step:"8"`
	Height             int            `default:"64" min:"8" max:"16384" step:"8"`
	X                  int            `default:"0" min:"0" max:"16384" step:"8"`
	Y                  int            `default:"0" min:"0" max:"16384" step:"8"`
}

// Run adds the box to those that the conditioning has.
func (n GLIGENTextBoxApply) Run(ctx context.Context) (runtime.Conditioning, error) {
	return runtime.FromContext(ctx).WithTextBox(ctx, n.ConditioningTo, n.CLIP, n.GLIGENTextboxModel, runtime.TextBox{
		Text: n.Text, Width: n.Width, Height: n.Height, X: n.X, Y: n.Y,
	})
}
