package actor

import "github.com/oneactor/oneactor/runtime/sampling"

// draw is the random choices of one step. Sample i shows picture Pictures[i]; the last sample, the average one, repeats the target's
// picture, mirroring, noise and text with a noise level of its own.
type draw struct {
	pictures  []int     // N+1: the target, then auxiliary ones
	mirrored  []bool    // N+1
	posterior []float32 // [N+1,C,h,w] standard normal, where in the VAE's distribution each latent lies
	noise     []float32 // [N+1,C,h,w] standard normal
	levels    []int     // N+2 noise levels of the model
	texts     []int     // N+1 templates
	extra     int       // picture whose h stands in the last place of the projector's batch: its delta is not used, its statistics are
}

// drawStep makes the choices of a step from torch's CPU generator, seeded for this step alone, so that tuning can go on at any step and
// the choices of a step do not depend on how many there are. The order of the draws is that of the fields of draw.
func drawStep(m *material, seed uint64, step, auxiliary int, flip float64) draw {
	g := sampling.NewGenerator(stepSeed(seed, step))
	d := draw{pictures: []int{m.target}}
	others := append([]int(nil), m.others...)
	for i := range auxiliary { // the start of a Fisher-Yates shuffle
		k := i + int(g.Intn(int64(len(others)-i)))
		others[i], others[k] = others[k], others[i]
		d.pictures = append(d.pictures, others[i])
	}
	for range d.pictures {
		d.mirrored = append(d.mirrored, float64(g.Uint32())/(1<<32) < flip)
	}
	size := len(d.pictures) * m.mean[0].Len() / m.mean[0].Dim(0)
	d.posterior, d.noise = make([]float32, size), make([]float32, size)
	g.Normal(d.posterior)
	g.Normal(d.noise)
	for range auxiliary + 2 {
		d.levels = append(d.levels, int(g.Intn(int64(len(m.sampling.Sigmas())))))
	}
	for range d.pictures {
		d.texts = append(d.texts, int(g.Intn(int64(len(m.texts)))))
	}
	d.extra = int(g.Intn(int64(len(m.others) + 1)))
	return d
}

// drawRows makes the choices of a step of a baseline, in which every row is a picture by itself: pictures, mirroring, the place in the VAE's
// distribution, noise, levels and texts, in this order and from a generator of the step, as drawStep does.
func drawRows(m *material, seed uint64, step, rows int, flip float64) draw {
	g := sampling.NewGenerator(stepSeed(seed, step))
	var d draw
	for range rows {
		d.pictures = append(d.pictures, int(g.Intn(int64(m.mean[0].Dim(0)))))
	}
	for range rows {
		d.mirrored = append(d.mirrored, float64(g.Uint32())/(1<<32) < flip)
	}
	size := rows * m.mean[0].Len() / m.mean[0].Dim(0)
	d.posterior, d.noise = make([]float32, size), make([]float32, size)
	g.Normal(d.posterior)
	g.Normal(d.noise)
	for range rows {
		d.levels = append(d.levels, int(g.Intn(int64(len(m.sampling.Sigmas())))))
	}
	for range rows {
		d.texts = append(d.texts, int(g.Intn(int64(len(m.texts)))))
	}
	return d
}

// stepSeed mixes a seed and the number of a step (splitmix64); the generator uses its low 32 bits.
func stepSeed(seed uint64, step int) uint64 {
	z := seed + uint64(step+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
