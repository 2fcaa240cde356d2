namespace Pharos.Inference.Tests.Support;

/// <summary>The model's mathematics as plainly as it can be written, in double precision: what the engine is measured against.</summary>
internal static class ReferenceLlama
{
    /// <summary>Logits [tokens][vocabulary] of a whole sequence.</summary>
    public static double[][] Logits(TinyModel model, int[] tokens)
    {
        double[][] x = [.. tokens.Select(t => Row(model.Tensors["model.embed_tokens.weight"], t, model.Hidden))];
        for (int i = 0; i < model.Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            double[] Project(string name, double[] input) => Multiply(model.Tensors[layer + name + ".weight"], input);
            double[][] normed = [.. x.Select(v => Norm(model, v, layer + "input_layernorm.weight"))];
            double[][] q = [.. normed.Select((v, position) => Rotate(model, Project("self_attn.q_proj", v), position))];
            double[][] k = [.. normed.Select((v, position) => Rotate(model, Project("self_attn.k_proj", v), position))];
            double[][] v = [.. normed.Select(n => Project("self_attn.v_proj", n))];
            for (int t = 0; t < tokens.Length; t++)
            {
                x[t] = Add(x[t], Project("self_attn.o_proj", Attend(model, q[t], k, v, t)));
                double[] n = Norm(model, x[t], layer + "post_attention_layernorm.weight");
                double[] gate = Project("mlp.gate_proj", n), up = Project("mlp.up_proj", n);
                x[t] = Add(x[t], Project("mlp.down_proj", [.. gate.Select((g, j) => g / (1 + Math.Exp(-g)) * up[j])]));
            }
        }
        float[] head = model.Tensors[model.Tied ? "model.embed_tokens.weight" : "lm_head.weight"];
        return [.. x.Select(v => Multiply(head, Norm(model, v, "model.norm.weight")))];
    }

    private static double[] Attend(TinyModel model, double[] q, double[][] k, double[][] v, int position)
    {
        int dims = model.HeadDim, group = model.Heads / model.KvHeads;
        var output = new double[model.Heads * dims];
        for (int head = 0; head < model.Heads; head++)
        {
            int kv = head / group, first = model.Window > 0 ? Math.Max(0, position + 1 - model.Window) : 0;
            double[] scores = [.. Enumerable.Range(0, position + 1).Select(t => t < first ? double.NegativeInfinity :
                Enumerable.Range(0, dims).Sum(d => q[head * dims + d] * k[t][kv * dims + d]) / Math.Sqrt(dims))];
            double top = scores.Max(), sum = scores.Sum(s => Math.Exp(s - top));
            for (int t = 0; t <= position; t++)
            {
                for (int d = 0; d < dims; d++)
                    output[head * dims + d] += Math.Exp(scores[t] - top) / sum * v[t][kv * dims + d];
            }
        }
        return output;
    }

    private static double[] Rotate(TinyModel model, double[] heads, int position)
    {
        int dims = model.HeadDim, half = dims / 2;
        double theta = model.Theta;
        if (model.NtkFactor > 0 && position + 1 > model.MaxPositions) // the reference implementation's, whose length is that of the text so far
            theta *= Math.Pow(model.NtkFactor * (position + 1) / model.MaxPositions - (model.NtkFactor - 1), dims / (dims - 2.0));
        var rotated = new double[heads.Length];
        for (int head = 0; head < heads.Length; head += dims)
        {
            for (int j = 0; j < half; j++)
            {
                double angle = position * Math.Pow(theta, -2.0 * j / dims);
                double a = heads[head + j], b = heads[head + half + j];
                rotated[head + j] = a * Math.Cos(angle) - b * Math.Sin(angle);
                rotated[head + half + j] = b * Math.Cos(angle) + a * Math.Sin(angle);
            }
        }
        return rotated;
    }

    private static double[] Norm(TinyModel model, double[] x, string weight)
    {
        double scale = 1 / Math.Sqrt(x.Sum(v => v * v) / x.Length + model.Epsilon);
        return [.. x.Select((v, i) => v * scale * model.Tensors[weight][i])];
    }

    private static double[] Multiply(float[] weights, double[] x)
    {
        var result = new double[weights.Length / x.Length];
        for (int row = 0; row < result.Length; row++)
        {
            for (int i = 0; i < x.Length; i++)
                result[row] += (double)weights[row * x.Length + i] * x[i];
        }
        return result;
    }

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double[] Row(float[] matrix, int row, int width) => [.. matrix.AsSpan(row * width, width).ToArray().Select(v => (double)v)];
}
