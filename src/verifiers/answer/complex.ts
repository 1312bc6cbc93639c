/** A complex number, so that roots and logarithms of negative numbers have values. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

export const real = (re: number): Complex => ({ re, im: 0 });
export const plus = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
export const times = (a: Complex, b: Complex): Complex => ({
  re: a.re * b.re - a.im * b.im,
  im: a.re * b.im + a.im * b.re,
});
export const scale = (a: Complex, factor: number): Complex => ({ re: a.re * factor, im: a.im * factor });
export const size = (a: Complex): number => Math.hypot(a.re, a.im);
export const finite = (a: Complex): boolean => Number.isFinite(a.re) && Number.isFinite(a.im);

export function over(a: Complex, b: Complex): Complex {
  if (b.im === 0) return { re: a.re / b.re, im: a.im / b.re };
  const norm = b.re * b.re + b.im * b.im;
  return scale(times(a, { re: b.re, im: -b.im }), 1 / norm);
}

/** Principal logarithm. */
export function ln(a: Complex): Complex {
  return { re: Math.log(size(a)), im: Math.atan2(a.im, a.re) };
}

export function exp(a: Complex): Complex {
  const length = Math.exp(a.re);
  return a.im === 0 ? real(length) : { re: length * Math.cos(a.im), im: length * Math.sin(a.im) };
}

/** Principal value; exact rules of the reals where the base is not negative or the exponent is whole. */
export function pow(a: Complex, b: Complex): Complex {
  if (a.im === 0 && b.im === 0 && (a.re >= 0 || Number.isInteger(b.re))) return real(a.re ** b.re);
  if (a.re === 0 && a.im === 0) return b.re > 0 ? real(0) : real(Number.NaN);
  if (b.im === 0 && Number.isInteger(b.re) && Math.abs(b.re) <= 64) {
    let product = real(1);
    for (let count = 0; count < Math.abs(b.re); count += 1) product = times(product, a);
    return b.re < 0 ? over(real(1), product) : product;
  }
  return exp(times(ln(a), b));
}

/** The real root of a negative number for an odd degree, otherwise the principal one. */
export function root(a: Complex, degree: number): Complex {
  if (degree === 2 && a.im === 0) return a.re >= 0 ? real(Math.sqrt(a.re)) : { re: 0, im: Math.sqrt(-a.re) };
  if (a.im === 0 && a.re < 0 && degree % 2 !== 0 && Number.isInteger(degree))
    return real(-((-a.re) ** (1 / degree)));
  return pow(a, real(1 / degree));
}

export function sin(a: Complex): Complex {
  if (a.im === 0) return real(Math.sin(a.re));
  return { re: Math.sin(a.re) * Math.cosh(a.im), im: Math.cos(a.re) * Math.sinh(a.im) };
}

export function cos(a: Complex): Complex {
  if (a.im === 0) return real(Math.cos(a.re));
  return { re: Math.cos(a.re) * Math.cosh(a.im), im: -Math.sin(a.re) * Math.sinh(a.im) };
}
