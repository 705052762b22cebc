package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/oneactor/oneactor/runtime/lower"
	"github.com/oneactor/oneactor/runtime/onnx"
	"github.com/oneactor/oneactor/runtime/ort"
	"github.com/oneactor/oneactor/runtime/weights"
)

// WeightsPolicy says how onnxruntime holds weights.
type WeightsPolicy string

// The policies of --weights.
const (
	WeightsAuto   WeightsPolicy = "auto"   // packed where a run is long enough to pay for it
	WeightsMapped WeightsPolicy = "mapped" // leave all weights in their files: the least memory, slower
	WeightsPacked WeightsPolicy = "packed" // copy weights into the layout the kernels like best
)

// Choices lists the policies.
func (WeightsPolicy) Choices() []string {
	return []string{string(WeightsAuto), string(WeightsMapped), string(WeightsPacked)}
}

// Packing the UNet of SD 1.5 costs 9 to 12 CPU seconds more than mapping it, once, and saves about 0.4 seconds of a run of two latents of
// 32x32 cells (docs/performance.md). So packing pays when every weight takes part in about this many operations.
const packedPays = 8000

func (p WeightsPolicy) level(s GraphSpec) ort.Level {
	switch {
	case p == WeightsMapped:
		return ort.Stored
	case p == WeightsPacked, float64(s.Runs)*s.Work >= packedPays:
		return ort.Packed
	default:
		return ort.Mapped
	}
}

// level is how a graph's weights are held. On a GPU they lie in its memory in any case: nothing is packed, so a network is compiled again for the
// layers that a LoRA changes instead of being ready for any, whose branches would part what the GPU fuses.
func (s *sessionCache) level(spec GraphSpec) ort.Level {
	if rt, err := s.open(); err == nil && rt.Device().CUDA {
		return ort.Mapped
	}
	return s.policy.level(spec)
}

// GraphSpec describes a graph to run: equal keys mean equal graphs.
type GraphSpec struct {
	Key string
	// Replaces is the key of a graph that is not needed any more once this one is there; "" for none.
	Replaces string
	Runs     int     // runs to come, for the weights policy
	Work     float64 // floating-point operations per weight in one run
	Rare     bool    // runs are far apart: their activations are given back to the system after each
	// Once closes the session when nobody uses it any more: for graphs whose activations are too large to wait for a next use.
	Once bool
	// Precise keeps float32 where a GPU would compute in half precision: for networks whose activations leave its range.
	Precise bool
	// AsWritten keeps the graph as it is, on a GPU too.
	AsWritten bool
	Build     func() (*onnx.Graph, error)
	Model     *ort.ModelFile // instead of Build: a graph of somebody else's
}

// proto is the graph for a device as onnxruntime reads it, and the memory that its weights take.
func (s GraphSpec) proto(device ort.Device) (proto []byte, weightBytes int64, err error) {
	if s.Model != nil {
		return s.Model.Proto, s.Model.WeightBytes(), nil
	}
	g, err := s.Build()
	if err != nil {
		return nil, 0, err
	}
	if device.CUDA && !s.AsWritten {
		o := lower.Options{Compute: onnx.Float16}
		if s.Precise {
			o.Compute = onnx.Float32
		}
		if g, err = lower.Graph(g, o); err != nil {
			return nil, 0, fmt.Errorf("graph %s: %w", s.Key, err)
		}
	}
	if proto, err = g.Proto(); err != nil {
		return nil, 0, fmt.Errorf("graph %s: %w", s.Key, err)
	}
	if device.CUDA && !s.AsWritten && !s.Precise {
		return proto, g.WeightBytes() / 2, nil
	}
	return proto, g.WeightBytes(), nil
}

// Session returns the compiled form of a graph, from the cache or new; release must be called when its runs are done. It is for
// packages above this one that write graphs of their own, such as actor.
func (rt *Runtime) Session(ctx context.Context, spec GraphSpec) (session *ort.Session, release func(), err error) {
	return rt.sessions.acquire(ctx, spec)
}

// GPU is the bytes of memory that are free on the GPU where networks run; false where they run on the CPU.
func (rt *Runtime) GPU() (unused int64, ok bool) {
	r, err := rt.sessions.open()
	if err != nil || !r.Device().CUDA {
		return 0, false // whoever runs a network gets the error
	}
	unused, _ = r.DeviceMemory()
	return unused, true
}

// GraphKey identifies the graph of an architecture over its weights. The options are in it as a whole, so that none can be forgotten.
func GraphKey(architecture string, set *weights.Set, options any) string {
	return fmt.Sprintf("%s %s %+v", architecture, set.Fingerprint(), options)
}

// compiled is a graph in onnxruntime. ready is closed when session or err is set.
type compiled struct {
	ready   chan struct{}
	session *ort.Session
	err     error
	level   ort.Level
	users   int
	used    uint64
}

// sessionCache keeps compiled graphs by description and drops the least recently used idle ones beyond a limit of bytes.
type sessionCache struct {
	open   func() (*ort.Runtime, error)
	policy WeightsPolicy
	limit  int64
	// byDefault says that limit is half of the machine's memory and nobody's wish.
	byDefault bool

	mu       sync.Mutex
	compiled map[string]*compiled
	made     map[string]*madeWeights
	clock    uint64
}

// acquire returns the session of a graph, compiling it if need be; release must be called when the runs are done.
// A mapped session is replaced when many runs are to come.
func (s *sessionCache) acquire(ctx context.Context, spec GraphSpec) (session *ort.Session, release func(), err error) {
	for {
		c := s.use(ctx, spec)
		release = sync.OnceFunc(func() {
			s.mu.Lock()
			c.users--
			over := spec.Once && c.users == 0 && s.compiled[spec.Key] == c
			if over {
				delete(s.compiled, spec.Key)
			}
			s.mu.Unlock()
			if over {
				go c.close() // waits for the load, which may have been given up
			}
		})
		select {
		case <-c.ready:
		case <-ctx.Done():
			release()
			return nil, nil, ctx.Err()
		}
		if c.err == nil {
			return c.session, release, nil
		}
		release()
		// The load belongs to the caller that began it; when that one gave up, another begins anew.
		if gaveUp := errors.Is(c.err, context.Canceled) || errors.Is(c.err, context.DeadlineExceeded); !gaveUp || ctx.Err() != nil {
			return nil, nil, c.err
		}
	}
}

// use counts a user of a graph and begins to load it if nobody has.
func (s *sessionCache) use(ctx context.Context, spec GraphSpec) *compiled {
	level := s.level(spec)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{spec.Replaces, spec.Key} {
		if c := s.compiled[key]; c != nil && c.level == ort.Mapped && level == ort.Packed && c.users == 0 {
			delete(s.compiled, key)
			go c.close()
		}
	}
	c := s.compiled[spec.Key]
	if c == nil {
		c = &compiled{ready: make(chan struct{}), level: level}
		s.compiled[spec.Key] = c
		go s.load(ctx, c, spec)
	}
	c.users++
	s.clock++
	c.used = s.clock
	return c
}

// load builds and compiles one graph; a failure is not remembered.
func (s *sessionCache) load(ctx context.Context, c *compiled, spec GraphSpec) {
	c.session, c.err = s.compile(ctx, c.level, spec)
	if c.err != nil {
		s.mu.Lock()
		if s.compiled[spec.Key] == c {
			delete(s.compiled, spec.Key)
		}
		s.mu.Unlock()
	}
	close(c.ready)
}

func (s *sessionCache) compile(ctx context.Context, level ort.Level, spec GraphSpec) (*ort.Session, error) {
	rt, err := s.open()
	if err != nil {
		return nil, err
	}
	proto, bytes, err := spec.proto(rt.Device())
	if err != nil {
		return nil, err
	}
	s.boundBy(rt)
	s.makeRoom(bytes)
	session, err := rt.NewSession(ctx, proto, ort.SessionOptions{Level: level, Release: spec.Rare})
	if errors.Is(err, ort.ErrMemory) { // activations took more than the estimate left: once more without what nobody uses
		s.free()
		session, err = rt.NewSession(ctx, proto, ort.SessionOptions{Level: level, Release: spec.Rare})
	}
	return session, err
}

// gpuShare is the part of a GPU's memory that weights may take where nobody says how much; activations need the rest.
const gpuShare = 0.7

// boundBy bounds the weights by the memory of the device, if no other bound is set.
func (s *sessionCache) boundBy(rt *ort.Runtime) {
	_, total := rt.DeviceMemory()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byDefault && total > 0 {
		s.limit, s.byDefault = int64(gpuShare*float64(total)), false
	}
}

// makeRoom closes idle sessions and forgets weights that patches made, least recently used first, until bytes more fit. Runs that are under
// way keep the weights they have.
func (s *sessionCache) makeRoom(bytes int64) {
	for {
		s.mu.Lock()
		held, oldest := bytes, ""
		for key, c := range s.compiled {
			if !c.done() || c.session == nil {
				continue
			}
			held += c.session.Bytes()
			if c.users == 0 && (oldest == "" || c.used < s.compiled[oldest].used) {
				oldest = key
			}
		}
		held += s.madeBytes()
		made := s.oldestMade()
		if held <= s.limit || oldest == "" && made == "" {
			s.mu.Unlock()
			return
		}
		if made != "" && (oldest == "" || s.made[made].used < s.compiled[oldest].used) {
			delete(s.made, made)
			s.mu.Unlock()
			continue
		}
		c := s.compiled[oldest]
		delete(s.compiled, oldest)
		s.mu.Unlock()
		c.close()
	}
}

func (c *compiled) done() bool { return isClosed(c.ready) }

// close waits for the load and frees the session.
func (c *compiled) close() {
	<-c.ready
	if c.session != nil {
		_ = c.session.Close() // nothing can be done about a failed clean-up
	}
}

// free closes the sessions that nobody uses, and forgets made weights.
func (s *sessionCache) free() {
	s.mu.Lock()
	var idle []*compiled
	for key, c := range s.compiled {
		if c.users == 0 {
			delete(s.compiled, key)
			idle = append(idle, c)
		}
	}
	s.made = nil
	s.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

func (s *sessionCache) close() {
	s.mu.Lock()
	all := s.compiled
	s.compiled, s.made = map[string]*compiled{}, nil
	s.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}
