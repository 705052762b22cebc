package actor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// loop runs the steps of a training: progress, saved states, and an orderly end.
type loop struct {
	trainer  *trainer
	steps    int
	step     func(ctx context.Context, step int) (float32, error) // returns the loss
	progress func(Progress)
	state    *state        // nil keeps none
	every    time.Duration // between saved states
}

// run goes on from the saved state, if there is one. Where it ends early (ctx, a diverged loss, any other error), the state after the last
// good step is saved and the error says so.
func (l loop) run(ctx context.Context) error {
	return errors.Join(l.all(ctx), l.trainer.fetch())
}

func (l loop) all(ctx context.Context) error {
	first, losses, err := l.resume()
	if err != nil {
		return err
	}
	began, saved := time.Now(), time.Now()
	for step := first; step < l.steps; step++ {
		if err := ctx.Err(); err != nil {
			return l.stop(step, losses, err)
		}
		loss, err := l.step(ctx, step)
		if err != nil {
			return l.stop(step, losses, err)
		}
		losses = append(losses, loss)
		if l.progress != nil {
			done := step + 1 - first
			left := time.Since(began) / time.Duration(done) * time.Duration(l.steps-step-1)
			l.progress(Progress{Step: step + 1, Steps: l.steps, Losses: losses, Left: left})
		}
		if l.state != nil && step+1 < l.steps && time.Since(saved) >= l.every {
			began := time.Now()
			if err := l.state.save(ctx, step+1, losses); err != nil {
				return err
			}
			saved = time.Now()
			l.every = max(l.every, 20*saved.Sub(began)) // saving takes at most a twentieth of the time
		}
	}
	if l.state != nil && first < max(l.steps, 1) {
		return l.state.remove()
	}
	return nil // or more steps are done than were asked for now: they are kept
}

// resume reads the saved state: how many steps are done, and their losses.
func (l loop) resume() (int, []float32, error) {
	if l.state == nil {
		return 0, nil, nil
	}
	losses, err := l.state.load()
	return len(losses), losses, err
}

// stop saves the state after the given number of steps and completes the error.
func (l loop) stop(step int, losses []float32, cause error) error {
	if errors.Is(cause, ErrDiverged) {
		cause = fmt.Errorf("step %d of %d: %w; use a lower learning rate", step+1, l.steps, cause)
	}
	if l.state == nil || step == 0 {
		return cause
	}
	// The run was cancelled, but not the saving of what it reached.
	if err := l.state.save(context.Background(), step, losses); err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("%w (the state after step %d is kept: the same tuning goes on there, and with steps = %d it ends there)", cause, step, step)
}
