"""What TeX's commands look like in Unicode: tables only, read by digest.sources.tex.

A symbol's class says how it is spaced, not what it means: "rel" stands between two sides with a space on each, "bin" follows
the spacing of its source, "name" is a word such as log, "sym" is a letter-like sign that clings to what follows it.
"""

from __future__ import annotations


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


_LETTERS = _pairs("""
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ varkappa ϰ lambda λ
mu μ nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω upmu μ upalpha α upbeta β uppi π
ell ℓ hbar ℏ hslash ℏ imath ı jmath ȷ Re ℜ Im ℑ wp ℘ aleph ℵ beth ℶ eth ð complement ∁ mho ℧ digamma ϝ
infty ∞ partial ∂ nabla ∇ forall ∀ exists ∃ nexists ∄ emptyset ∅ varnothing ∅ neg ¬ lnot ¬ angle ∠ measuredangle ∡
top ⊤ bot ⊥ prime ′ backprime ‵ degree ° deg ° dagger † dag † ddagger ‡ ddag ‡ checkmark ✓ circledR ® maltese ✠
sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigvee ⋁ bigwedge ⋀ bigsqcup ⨆
biguplus ⨄ bigodot ⨀ square □ Box □ blacksquare ■ triangle △ triangledown ▽ blacktriangle ▲ Diamond ◇ lozenge ◊ bigstar ★
diamondsuit ♢ heartsuit ♡ clubsuit ♣ spadesuit ♠ flat ♭ natural ♮ sharp ♯ surd √ smiley ☺ sun ☉
langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lvert | rvert | vert | lVert ‖ rVert ‖ Vert ‖ lbrace { rbrace }
lbrack [ rbrack ] llbracket ⟦ rrbracket ⟧ backslash \\ slash / colon : S § P ¶ pounds £ euro € yen ¥ copyright © cents ¢
dots … ldots … cdots ⋯ vdots ⋮ ddots ⋱ dotsc … dotsb ⋯ dotso …
""")

_BINARY = _pairs("""
times × cdot · pm ± mp ∓ div ÷ ast * star ⋆ circ ∘ bullet • oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ cap ∩ cup ∪ uplus ⊎
sqcap ⊓ sqcup ⊔ vee ∨ lor ∨ wedge ∧ land ∧ setminus ∖ smallsetminus ∖ wr ≀ diamond ⋄ bigtriangleup △ bigtriangledown ▽
triangleleft ◁ triangleright ▷ amalg ⨿ boxtimes ⊠ boxplus ⊞ boxminus ⊟ boxdot ⊡ ltimes ⋉ rtimes ⋊ bowtie ⋈ odiv ⊘
barwedge ⊼ veebar ⊻ curlywedge ⋏ curlyvee ⋎ dotplus ∔ centerdot · circledast ⊛ circledcirc ⊚ intercal ⊺ sslash //
""")

_RELATIONS = _pairs("""
leq ≤ le ≤ geq ≥ ge ≥ leqslant ≤ geqslant ≥ leqq ≦ geqq ≧ neq ≠ ne ≠ lt < gt > ll ≪ gg ≫ lll ⋘ ggg ⋙ approx ≈ approxeq ≊ sim ∼ simeq ≃
cong ≅ equiv ≡ propto ∝ varpropto ∝ asymp ≍ doteq ≐ triangleq ≜ coloneqq ≔ coloneq ≔ eqqcolon ≕ lesssim ≲ gtrsim ≳ lessgtr ≶
prec ≺ succ ≻ preceq ⪯ succeq ⪰ preccurlyeq ≼ succcurlyeq ≽ in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇
subsetneq ⊊ supsetneq ⊋ nsubseteq ⊈ sqsubset ⊏ sqsupset ⊐ sqsubseteq ⊑ sqsupseteq ⊒ mid | nmid ∤ parallel ∥ nparallel ∦ perp ⊥
vdash ⊢ dashv ⊣ models ⊨ vDash ⊨ Vdash ⊩ nvdash ⊬ nvDash ⊭ smile ⌣ frown ⌢ therefore ∴ because ∵ between ≬
to → rightarrow → longrightarrow ⟶ leftarrow ← gets ← longleftarrow ⟵ leftrightarrow ↔ longleftrightarrow ⟷ Rightarrow ⇒
Longrightarrow ⟹ implies ⟹ Leftarrow ⇐ Longleftarrow ⟸ impliedby ⟸ Leftrightarrow ⇔ Longleftrightarrow ⟺ iff ⟺ mapsto ↦
longmapsto ⟼ hookrightarrow ↪ hookleftarrow ↩ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ rightleftharpoons ⇌
leftrightharpoons ⇋ rightrightarrows ⇉ rightleftarrows ⇄ leftrightarrows ⇆ twoheadrightarrow ↠ rightarrowtail ↣ leadsto ⇝ rightsquigarrow ⇝ dashrightarrow ⇢
xrightarrow → xleftarrow ← xmapsto ↦ nrightarrow ↛ nleftarrow ↚ nRightarrow ⇏ multimap ⊸ circlearrowleft ↺ circlearrowright ↻ Vvdash ⊪
""")

_UPRIGHT = _pairs("""
uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓ Updownarrow ⇕ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖
upuparrows ⇈ downdownarrows ⇊ upharpoonright ↾
""")

_NAMES = _words("""
log ln lg exp sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth max min sup inf lim limsup liminf det dim ker
hom arg argmax argmin gcd Pr mod bmod softmax sgn sign tr diag rank
""")

SYMBOLS: dict[str, tuple[str, str]] = {
    **{name: (name, "name") for name in _NAMES},
    **{name: (sign, "sym") for name, sign in (_LETTERS | _UPRIGHT).items()},
    **{name: (sign, "bin") for name, sign in _BINARY.items()},
    **{name: (sign, "rel") for name, sign in _RELATIONS.items()},
    "limsup": ("lim sup", "name"),
    "liminf": ("lim inf", "name"),
    "bmod": ("mod", "rel"),
}

TEXT_SYMBOLS = _pairs(r"""
ss ß o ø O Ø l ł L Ł ae æ AE Æ oe œ OE Œ aa å AA Å i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ
""")
"""Letters: in TeX the space after them belongs to the command."""

TEXT_SIGNS = {
    **_pairs(r"""
LaTeX LaTeX TeX TeX BibTeX BibTeX textregistered ® texttrademark ™ textcopyright © textemdash — textendash – textasciitilde ~
textasciicircum ^ textbackslash \ textbar | textless < textgreater > textunderscore _ textdollar $ textdegree ° degree ° textmu µ
textperthousand ‰ textpertenthousand ‱ textquoteleft ‘ textquoteright ’ textquotedblleft “ textquotedblright ” textquotesingle '
textellipsis … textbullet • textdagger † textsection § textparagraph ¶ textpm ± texttimes × textrightarrow → textleftarrow ←
textpound £ texteuro € textexclamdown ¡ textquestiondown ¿ textonehalf ½ slash / guillemotleft « guillemotright » lq ‘ rq ’
eg e.g. ie i.e. etc etc. etal et$al. wrt w.r.t. vs vs. lbrace { rbrace } textbraceleft { textbraceright } textasteriskcentered *
"""),
    "etal": "et al.",
    "textvisiblespace": " ",
}

ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
}

MATH_ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "bar": "\u0304",
    "Bar": "\u0304",
    "overline": "\u0304",
    "vec": "\u20d7",
    "dot": "\u0307",
    "ddot": "\u0308",
    "check": "\u030c",
    "breve": "\u0306",
    "acute": "\u0301",
    "grave": "\u0300",
    "mathring": "\u030a",
}

SUPERSCRIPTS = str.maketrans(
    "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ′″°†‡",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ′″°†‡",
)
SUBSCRIPTS = str.maketrans("0123456789+-−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")


def _alphabet(upper: int, lower: int, holes: str) -> dict[str, str]:
    """Letters of a mathematical alphabet; `holes` are those Unicode had before the block was made ("Cℂ…")."""
    letters = {chr(65 + i): chr(upper + i) for i in range(26)}
    if lower:
        letters |= {chr(97 + i): chr(lower + i) for i in range(26)}
    return letters | dict(zip(holes[::2], holes[1::2], strict=True))


_SCRIPT = _alphabet(0x1D49C, 0x1D4B6, "BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ")
_FRAKTUR = _alphabet(0x1D504, 0x1D51E, "CℭHℌIℑRℜZℨ")
_DOUBLE = _alphabet(0x1D538, 0x1D552, "CℂHℍNℕPℙQℚRℝZℤ") | {str(d): chr(0x1D7D8 + d) for d in range(10)}

ALPHABETS = {"mathbb": _DOUBLE, "Bbb": _DOUBLE, "mathds": _DOUBLE, "mathcal": _SCRIPT, "mathscr": _SCRIPT}
ALPHABETS |= {"cal": _SCRIPT, "mathfrak": _FRAKTUR}

DINGS = {"51": "✓", "52": "✔", "55": "✗", "56": "✘", "72": "★", "108": "●", "110": "■", "182": "❶", "172": "①"}

# Commands whose argument is what a reader should see.
WRAPPERS = _words("""
emph textbf textit texttt textsc textsf textrm textmd textup textsl textnormal underline uline uwave ul hl sout st mbox hbox fbox text
makebox framebox mathrm mathit mathbf mathsf mathtt mathnormal boldsymbol bm pmb boldmath symbf symbfit mathbin mathrel mathord mathop
mathopen mathclose mathpunct mathinner textcolor colorbox href hyperlink hyperref textnormal ensuremath overbrace underbrace
boxed cancel phantom smash substack operatorname url path nolinkurl lowercase uppercase MakeLowercase MakeUppercase emphasis
centerline acl ac acs acf acp gls Gls glspl acrshort acrlong acrfull num SI enquote textsubscript textsuperscript verb
mathstrut strut relax protect bold strong
""")

# Commands that vanish together with their argument.
SILENT = _words("""
cite citep citet citealp citealt citeauthor citeyear citeyearpar parencite textcite autocite footcite nocite ref eqref cref Cref
autoref pageref label vspace hspace color begin end footnotemark thanks bibliography bibliographystyle pagestyle input
includegraphics hphantom vphantom kern mkern rule index tag
""")

# Commands that vanish and leave what follows: switches of font, size and layout.
SWITCHES = _words("""
em it bf rm sf tt sc sl bfseries itshape ttfamily sffamily rmfamily scshape mdseries upshape slshape normalfont small large Large
LARGE huge Huge tiny scriptsize footnotesize normalsize noindent indent centering raggedright xspace protect relax displaystyle
textstyle scriptstyle scriptscriptstyle limits nolimits left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr
Biggl Biggr bigm Bigm nonumber notag null allowbreak nobreak unskip ignorespaces leavevmode boldmath unboldmath item par newline linebreak
bigskip medskip smallskip newpage clearpage hfill vfill quad qquad space enspace thinspace hline strut mathstrut break maketitle
""")
SPACES = _words("item par newline linebreak bigskip medskip smallskip quad qquad space enspace thinspace hfill")
