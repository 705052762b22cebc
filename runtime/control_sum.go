package runtime

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/runtime/model"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
)

// netResiduals is what one ControlNet adds: per input block, what an output block reads more of it, and last what is added to the result of
// the middle block. It stays on the device of the networks: at 1024x1024 pixels it is 90 MB in each step.
type netResiduals struct {
	values   []*ort.Resident
	strength float32
	pooled   bool // counts with the mean of each plane
}

// at is the residual of a place; a value without a shape where there is none.
func (n netResiduals) at(i int) ort.Value {
	if i < len(n.values) {
		return n.values[i].Value()
	}
	return ort.Value{}
}

func (n netResiduals) free() {
	for _, v := range n.values {
		v.Free()
	}
}

// combine is the sum of the nets' residuals times their strengths, and frees them; nothing where there is no net.
func (u *unetRun) combine(ctx context.Context, nets []netResiduals) (netResiduals, error) {
	if len(nets) == 0 {
		return netResiduals{}, nil
	}
	if n := nets[0]; len(nets) == 1 && n.strength == 1 && !n.pooled {
		return n, nil
	}
	defer residuals{nets: nets}.free()
	places := len(nets[0].values)
	inputs := map[string]ort.Value{}
	var pooled []bool
	for k, n := range nets {
		pooled = append(pooled, n.pooled)
		inputs[fmt.Sprint("strength.", k)] = ort.FromFloat32([]float32{n.strength}, 1)
		for i := range places {
			inputs[fmt.Sprintf("part.%d.%d", k, i)] = n.at(i)
		}
	}
	session, release, err := u.rt.sessions.acquire(ctx, GraphSpec{
		Key: fmt.Sprint("control sum ", pooled, places), Runs: u.steps, Work: 1, AsWritten: true,
		Build: func() (*onnx.Graph, error) { return model.ControlSum(pooled, places) },
	})
	if err != nil {
		return netResiduals{}, err
	}
	defer release()
	var names []string
	for i := range places {
		names = append(names, fmt.Sprint("output.", i))
	}
	out, err := session.RunKeeping(ctx, inputs, nil, names...)
	if err != nil {
		return netResiduals{}, fmt.Errorf("sum of %d controls: %w", len(nets), err)
	}
	return netResiduals{values: out, strength: 1}, nil
}
