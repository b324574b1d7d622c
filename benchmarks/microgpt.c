/* One update of a character GPT after the other, by hand: loss, gradient, Adam.
 *
 * Numbers of the parameters stand as in examples/microgpt.py, matrix after matrix, row by row.
 * cc -O3 -march=native -ffast-math -shared -fPIC microgpt.c -o microgpt.so -lm
 */
#include <math.h>
#include <string.h>

enum { V = 27, T = 16, D = 16, H = 4, E = D / H, F = 4 * D };

typedef struct {
    double tokens[V][D], positions[T][D], query[D][D], key[D][D], value[D][D], mixed[D][D];
    double wide[F][D], narrow[D][F], logits[V][D];
} Model;

enum { COUNT = sizeof(Model) / sizeof(double) };

typedef struct {
    double e[D], s0, x0[D], s1, y[D], q[D], k[D], v[D], w[H][T], o[D], x1[D], s2, z[D];
    double hidden[F], x2[D], p[V];
} Position;

static void apply(int rows, int columns, const double *restrict w, const double *restrict x,
                  double *restrict out) {
    for (int i = 0; i < rows; i++) {
        double sum = 0.0;
        for (int j = 0; j < columns; j++) sum += w[i * columns + j] * x[j];
        out[i] = sum;
    }
}

/* dw += dout x', dx += w' dout */
static void unapply(int rows, int columns, const double *restrict w, const double *restrict x,
                    const double *restrict dout, double *restrict dw, double *restrict dx) {
    for (int i = 0; i < rows; i++) {
        double d = dout[i];
        for (int j = 0; j < columns; j++) {
            dw[i * columns + j] += d * x[j];
            dx[j] += d * w[i * columns + j];
        }
    }
}

static double norm(const double *restrict x, double *restrict out) {
    double sum = 0.0;
    for (int j = 0; j < D; j++) sum += x[j] * x[j];
    double s = 1.0 / sqrt(sum / D + 1e-5);
    for (int j = 0; j < D; j++) out[j] = x[j] * s;
    return s;
}

/* dx += the slope of norm at x, whose scale was s */
static void unnorm(const double *restrict x, double s, const double *restrict dout,
                   double *restrict dx) {
    double along = 0.0;
    for (int j = 0; j < D; j++) along += x[j] * dout[j];
    double c = along * s * s * s / D;
    for (int j = 0; j < D; j++) dx[j] += s * dout[j] - c * x[j];
}

static void softmax(int count, double *x) {
    double top = x[0], sum = 0.0;
    for (int j = 1; j < count; j++) top = x[j] > top ? x[j] : top;
    for (int j = 0; j < count; j++) x[j] = exp(x[j] - top);
    for (int j = 0; j < count; j++) sum += x[j];
    for (int j = 0; j < count; j++) x[j] /= sum;
}

static double forward(const Model *m, const int *tokens, int n, Position *at) {
    double loss = 0.0;
    for (int t = 0; t < n; t++) {
        Position *a = &at[t];
        for (int j = 0; j < D; j++) a->e[j] = m->tokens[tokens[t]][j] + m->positions[t][j];
        a->s0 = norm(a->e, a->x0);
        a->s1 = norm(a->x0, a->y);
        apply(D, D, &m->query[0][0], a->y, a->q);
        apply(D, D, &m->key[0][0], a->y, a->k);
        apply(D, D, &m->value[0][0], a->y, a->v);
        memset(a->o, 0, sizeof a->o);
        for (int h = 0; h < H; h++) {
            for (int u = 0; u <= t; u++) {
                double sum = 0.0;
                for (int j = 0; j < E; j++) sum += a->q[h * E + j] * at[u].k[h * E + j];
                a->w[h][u] = 0.5 * sum;
            }
            softmax(t + 1, a->w[h]);
            for (int u = 0; u <= t; u++)
                for (int j = 0; j < E; j++) a->o[h * E + j] += a->w[h][u] * at[u].v[h * E + j];
        }
        apply(D, D, &m->mixed[0][0], a->o, a->x1);
        for (int j = 0; j < D; j++) a->x1[j] += a->x0[j];
        a->s2 = norm(a->x1, a->z);
        apply(F, D, &m->wide[0][0], a->z, a->hidden);
        for (int j = 0; j < F; j++) a->hidden[j] = a->hidden[j] > 0.0 ? a->hidden[j] : 0.0;
        apply(D, F, &m->narrow[0][0], a->hidden, a->x2);
        for (int j = 0; j < D; j++) a->x2[j] += a->x1[j];
        apply(V, D, &m->logits[0][0], a->x2, a->p);
        softmax(V, a->p);
        loss -= log(a->p[tokens[t + 1]]);
    }
    return loss / n;
}

static void backward(const Model *m, const int *tokens, int n, const Position *at, Model *g) {
    static double dk[T][D], dv[T][D];
    memset(g, 0, sizeof *g);
    memset(dk, 0, sizeof dk);
    memset(dv, 0, sizeof dv);
    for (int t = n - 1; t >= 0; t--) {
        const Position *a = &at[t];
        double dp[V], dx2[D] = {0}, dh[F] = {0}, dz[D] = {0}, dx1[D], dout[D] = {0}, dq[D] = {0};
        double dy[D] = {0}, dx0[D], de[D] = {0};
        for (int j = 0; j < V; j++) dp[j] = a->p[j] / n;
        dp[tokens[t + 1]] -= 1.0 / n;
        unapply(V, D, &m->logits[0][0], a->x2, dp, &g->logits[0][0], dx2);
        memcpy(dx1, dx2, sizeof dx1);
        unapply(D, F, &m->narrow[0][0], a->hidden, dx2, &g->narrow[0][0], dh);
        for (int j = 0; j < F; j++) dh[j] = a->hidden[j] > 0.0 ? dh[j] : 0.0;
        unapply(F, D, &m->wide[0][0], a->z, dh, &g->wide[0][0], dz);
        unnorm(a->x1, a->s2, dz, dx1);
        memcpy(dx0, dx1, sizeof dx0);
        unapply(D, D, &m->mixed[0][0], a->o, dx1, &g->mixed[0][0], dout);
        for (int h = 0; h < H; h++) {
            double dw[T], along = 0.0;
            for (int u = 0; u <= t; u++) {
                double sum = 0.0;
                for (int j = 0; j < E; j++) {
                    sum += dout[h * E + j] * at[u].v[h * E + j];
                    dv[u][h * E + j] += a->w[h][u] * dout[h * E + j];
                }
                dw[u] = sum;
                along += sum * a->w[h][u];
            }
            for (int u = 0; u <= t; u++) {
                double d = 0.5 * a->w[h][u] * (dw[u] - along);
                for (int j = 0; j < E; j++) {
                    dq[h * E + j] += d * at[u].k[h * E + j];
                    dk[u][h * E + j] += d * a->q[h * E + j];
                }
            }
        }
        unapply(D, D, &m->query[0][0], a->y, dq, &g->query[0][0], dy);
        unapply(D, D, &m->key[0][0], a->y, dk[t], &g->key[0][0], dy);
        unapply(D, D, &m->value[0][0], a->y, dv[t], &g->value[0][0], dy);
        unnorm(a->x0, a->s1, dy, dx0);
        unnorm(a->e, a->s0, dx0, de);
        for (int j = 0; j < D; j++) {
            g->tokens[tokens[t]][j] += de[j];
            g->positions[t][j] += de[j];
        }
    }
}

/* `steps` updates with one document; the parameters, both moments and the losses are written. */
void train(double *params, double *first, double *second, const int *tokens, int n, int steps,
           double *losses) {
    static Position at[T];
    static Model gradient;
    const double b1 = 0.85, b2 = 0.99;
    double *g = (double *)&gradient, c1 = 1.0, c2 = 1.0;
    for (int step = 0; step < steps; step++) {
        losses[step] = forward((Model *)params, tokens, n, at);
        backward((Model *)params, tokens, n, at, &gradient);
        double rate = 0.01 * (1.0 - step / 1000.0);
        c1 *= b1;
        c2 *= b2;
        for (int i = 0; i < COUNT; i++) {
            first[i] = b1 * first[i] + (1.0 - b1) * g[i];
            second[i] = b2 * second[i] + (1.0 - b2) * g[i] * g[i];
            params[i] -= rate * (first[i] / (1.0 - c1)) / (sqrt(second[i] / (1.0 - c2)) + 1e-8);
        }
    }
}
