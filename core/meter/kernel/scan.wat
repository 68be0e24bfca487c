;; How much the dearest way through a function body costs, from its entry and from each head of a loop to the next head.
;; The flow of a body enters, instruction by instruction; a cost for each head leaves, and the places of other charges.
;;
;; Each loop is a region of its own, and the rest of the function is one. Whatever runs in a region between two charges
;; is a way from the region's head on, without a step back; so the head is charged by the dearest of them. To charge
;; each arm of an `if` by itself would be exacter, and slower where it matters. To charge the sum of all arms would make
;; an interpreter's loop pay for all the instructions that it knows each time.
;;
;; Names of locals: `way` is what the way up to here costs, `sum` what all instructions up to here cost, `cost` the
;; dearest way of the region that has ended. The last two are those of the region where the walk is, whose head is
;; `head`; those of outer regions are in their records. `spent` are units that are in none of these yet. `top` is where
;; the pointer to the next frame goes, `frame` the innermost one.
  ;; Reads a body's instructions, from behind the declarations of locals to `end`. Gives 0, or the code of an error.
  ;; With bit 31 of `plain`, most instructions are read at once. With bit 30, each is read for itself: the second time,
  ;; to find the first that is wrong.
  (func $scan (param $begin i32) (param $end i32) (param $locals i32) (param $plain i32) (result i32)
    (local $at i32) (local $start i32) (local $before i32) (local $entry i32) (local $mask i32) (local $next i32)
    (local $info i32) (local $bits i32) (local $spent i32) (local $bad i32)
    (local $way f64) (local $sum f64) (local $cost f64) (local $thrown f64)
    (local $head i32) (local $top i32) (local $frame i32) (local $i i32) (local $label i32)
    (block $over
      (global.set $next (global.get $records))
      (global.set $free (i32.const 0))
      (global.set $last (i32.const 0))
      (global.set $count (i32.const 0))
      (global.set $narrow (i32.const 0))
      (global.set $wide (i32.const 0))
      (local.set $at (local.get $begin))
      (local.set $start (i32.const 0))
      (local.set $spent (i32.const 0))
      (local.set $bad (i32.const 0))
      (local.set $way (f64.const 0))
      (local.set $sum (f64.const 0))
      (local.set $cost (f64.const 0))
      (local.set $head (call $charge (i32.const 0) (local.get $at) (local.get $at) (i32.const 0)))
      (local.set $frame
        (call $open (global.get $frames) (i32.const 0) (local.get $head) (f64.const 0) (f64.const 0)))
      (local.set $top (i32.add (global.get $frames) (i32.const 4)))

      (loop $next
        (local.set $before (local.get $start))
        (local.set $start (local.get $at))
        ;; Where the next instruction begins is the only thing that it waits for: the shortest way to it counts.
        (local.set $i (i32.load8_u (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.load8_u offset=0x7800 (local.get $i))))
        (local.set $next (i32.load16_u offset=1 (local.get $start)))
        (local.set $entry (i32.shl (local.get $i) (i32.const 3)))
        (local.set $mask (i32.load (local.get $entry)))
        (local.set $info (i32.load offset=4 (local.get $entry)))
        (local.set $spent (i32.add (local.get $spent) (i32.shr_u (local.get $info) (i32.const 8))))
        (if (i32.eqz (i32.and (i32.or (local.get $next) (local.get $plain)) (local.get $mask)))
          (then
            ;; The sign is set if the index of a local is too large. That is looked at when the body has ended.
            (local.set $mask (i32.and (i32.shr_u (local.get $mask) (i32.const 16)) (i32.const 0x7f)))
            (local.set $bad (i32.or (local.get $bad) (i32.sub (local.get $locals)
              (i32.add (i32.and (local.get $next) (local.get $mask)) (i32.and (local.get $mask) (i32.const 1))))))
            (br $next)))
        (local.set $at (i32.add (local.get $start) (i32.const 1)))

        ;; A prefix: its entry comes from another table.
        (if (i32.ge_u (local.get $entry) (i32.const 0x7d8))
          (then (if (i32.le_u (local.get $entry) (i32.const 0x7f0))
            (then
              (local.set $i (call $u32 (local.get $at)))
              (if (i32.ge_u (local.get $i) (i32.const 320))
                (then (return (call $fail (i32.const 2) (local.get $start) (i32.const 0) (i32.const 0)))))
              (local.set $entry (i32.add
                (i32.add (i32.const 0x800)
                  (i32.mul (i32.shr_u (i32.sub (local.get $entry) (i32.const 0x7d8)) (i32.const 3)) (i32.const 2560)))
                (i32.shl (local.get $i) (i32.const 3))))
              (local.set $at (call $skip (local.get $at)))
              (local.set $mask (i32.load (local.get $entry)))
              (local.set $info (i32.load offset=4 (local.get $entry)))
              (local.set $spent (i32.add (local.get $spent) (i32.shr_u (local.get $info) (i32.const 8))))))))
        (if (i32.gt_u (local.get $at) (local.get $end))
          (then (return (call $fail (i32.const 3) (local.get $end) (i32.const 0) (i32.const 0)))))
        (local.set $way (f64.add (local.get $way) (f64.convert_i32_u (local.get $spent))))
        (local.set $sum (f64.add (local.get $sum) (f64.convert_i32_u (local.get $spent))))
        (local.set $spent (i32.const 0))
        (local.set $bits (local.get $mask))

        (block $unknown (block $cast (block $fixed (block $wait (block $grow (block $measured
        (block $leaveByIndex (block $calls (block $leave (block $table (block $branch (block $maybe
        (block $end_ (block $tryTable (block $delegate (block $catch (block $try (block $else (block $if
        (block $loop (block $block (block $valueTypes (block $heapType (block $ordinary (block $lane
        (block $bytes16 (block $bytes8 (block $bytes4 (block $byte (block $memarg (block $two (block $one
        (block $local (block $none
        (br_table $none $local $one $two $memarg $byte $bytes4 $bytes8 $bytes16 $lane $ordinary $heapType
          $valueTypes $block $loop $if $else $try $catch $delegate $tryTable $end_ $maybe $branch $table $leave
          $calls $leaveByIndex $measured $grow $wait $fixed $cast $unknown
          (i32.and (local.get $info) (i32.const 63)))
        )
          (br $next)
        )
          ;; The index of a local, in more than one byte, or the second time.
          (local.set $i (call $u32 (local.get $at)))
          (local.set $at (call $skip (local.get $at)))
          (if (i32.ge_u (local.get $i) (local.get $locals))
            (then (return (call $fail (i32.const 1) (local.get $start) (i32.const 5) (local.get $i)))))
          (br $next)
        )
          (local.set $at (call $skip (local.get $at)))
          (br $next)
        )
          (local.set $at (call $skip (call $skip (local.get $at))))
          (br $next)
        )
          (local.set $at (call $memarg (local.get $at)))
          (br $next)
        )
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)
        )
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $next)
        )
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $next)
        )
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)
        )
          (local.set $at (i32.add (call $memarg (local.get $at)) (i32.const 1)))
          (br $next)
        )
          ;; Indices of the module's own spaces.
          (br_if $next (local.tee $at (call $indices (local.get $at) (local.get $bits) (local.get $start))))
          (return (i32.const 1))
        )
          (local.set $at (call $heapType (local.get $at)))
          (br $next)
        )
          (local.set $i (call $u32 (local.get $at)))
          (local.set $at (call $skip (local.get $at)))
          (loop $more
            (br_if $next (i32.eqz (local.get $i)))
            (br_if $next (i32.gt_u (local.get $at) (local.get $end)))
            (local.set $at (call $valueType (local.get $at)))
            (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (br $more))
        )
          ;; block
          (local.set $at (call $blockType (local.get $at)))
          (local.set $frame
            (call $open (local.get $top) (i32.const 0) (local.get $head) (local.get $way) (local.get $sum)))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (br $next)
        )
          ;; loop: its own units are those of its head.
          (local.set $at (call $blockType (local.get $at)))
          (local.set $thrown (f64.convert_i32_u (i32.shr_u (local.get $info) (i32.const 8))))
          (local.set $way (f64.sub (local.get $way) (local.get $thrown)))
          (local.set $sum (f64.sub (local.get $sum) (local.get $thrown)))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (f64.store offset=16 (local.get $head) (local.get $cost))
          (f64.store offset=24 (local.get $head) (local.get $way))
          (f64.store offset=32 (local.get $head) (local.get $sum))
          (local.set $head (call $charge (i32.const 0) (local.get $at) (local.get $start) (local.get $head)))
          (local.set $frame
            (call $open (local.get $top) (i32.const 1) (local.get $head) (local.get $way) (local.get $sum)))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (local.set $way (local.get $thrown))
          (local.set $sum (local.get $thrown))
          (local.set $cost (f64.const 0))
          (br $next)
        )
          ;; if
          (local.set $at (call $blockType (local.get $at)))
          (local.set $frame
            (call $open (local.get $top) (i32.const 2) (local.get $head) (local.get $way) (local.get $sum)))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (br $next)
        )
          ;; else
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (f64.store offset=32 (local.get $frame) (f64.max (f64.load offset=32 (local.get $frame)) (local.get $way)))
          (i32.store (local.get $frame) (i32.const 4))
          (local.set $way (f64.load offset=16 (local.get $frame)))
          (br $next)
        )
          ;; try
          (local.set $at (call $blockType (local.get $at)))
          (local.set $frame
            (call $open (local.get $top) (i32.const 3) (local.get $head) (local.get $way) (local.get $sum)))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (br $next)
        )
          ;; catch, with a tag, and catch_all
          (if (i32.and (local.get $bits) (i32.const 1)) (then (local.set $at (call $skip (local.get $at)))))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (f64.store offset=32 (local.get $frame) (f64.max (f64.load offset=32 (local.get $frame)) (local.get $way)))
          ;; No throw of the body exceeds all of the body.
          (if (i32.eq (i32.load (local.get $frame)) (i32.const 3))
            (then (f64.store offset=40 (local.get $frame) (f64.add (f64.load offset=16 (local.get $frame))
              (f64.sub (local.get $sum) (f64.load offset=24 (local.get $frame)))))))
          (i32.store (local.get $frame) (i32.const 4))
          (local.set $way (f64.load offset=40 (local.get $frame)))
          (br $next)
        )
          ;; delegate ends a `try`, as `end` does.
          (local.set $at (call $skip (local.get $at)))
          (br $end_)
        )
          ;; try_table
          (local.set $at (call $blockType (local.get $at)))
          (local.set $i (call $u32 (local.get $at)))
          (local.set $at (call $skip (local.get $at)))
          (local.set $frame
            (call $open (local.get $top) (i32.const 4) (local.get $head) (local.get $way) (local.get $sum)))
          (i32.store offset=8 (local.get $frame) (global.get $next))
          (loop $more
            (br_if $over (i32.gt_u (local.get $at) (local.get $end)))
            (if (local.get $i)
              (then
                ;; `catch` and `catch_ref` name a tag.
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (if (i32.lt_u (i32.load8_u (i32.sub (local.get $at) (i32.const 1))) (i32.const 2))
                  (then (local.set $at (call $skip (local.get $at)))))
                (call $handler (local.get $frame) (local.get $top) (call $u32 (local.get $at)))
                (local.set $at (call $skip (local.get $at)))
                (local.set $i (i32.sub (local.get $i) (i32.const 1)))
                (br $more))))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (br $next)
        )
          ;; end
          (local.set $top (i32.sub (local.get $top) (i32.const 4)))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (if (i32.eq (i32.load (local.get $frame)) (i32.const 1))
            (then
              ;; Behind a loop, the way is the one that led to it, if a way leads out of its end.
              (f64.store offset=16 (local.get $head) (local.get $cost))
              (local.set $i (i32.load offset=40 (local.get $head)))
              (local.set $head (i32.load offset=44 (local.get $head)))
              (i32.store offset=40 (local.get $head) (i32.or (i32.load offset=40 (local.get $head)) (local.get $i)))
              (local.set $cost (f64.load offset=16 (local.get $head)))
              (local.set $sum (f64.load offset=32 (local.get $head)))
              (local.set $way (select (f64.const -inf) (f64.load offset=16 (local.get $frame))
                (f64.eq (local.get $way) (f64.const -inf)))))
            (else
              (local.set $thrown (f64.load offset=32 (local.get $frame)))
              (local.set $thrown (f64.max (local.get $thrown) (local.get $way)))
              (if (i32.eq (i32.load (local.get $frame)) (i32.const 2))
                (then (local.set $thrown (f64.max (local.get $thrown) (f64.load offset=16 (local.get $frame))))))
              (local.set $way (local.get $thrown))
              (local.set $i (i32.load offset=12 (local.get $frame)))
              (if (local.get $i)
                (then
                  ;; What is thrown in a try_table reaches the labels of its clauses.
                  (local.set $thrown (f64.add (f64.load offset=16 (local.get $frame))
                    (f64.sub (local.get $sum) (f64.load offset=24 (local.get $frame)))))
                  (local.set $label (i32.load offset=8 (local.get $frame)))
                  (loop $more
                    (call $reach (i32.load (local.get $label)) (local.get $head) (local.get $thrown))
                    (local.set $label (i32.add (local.get $label) (i32.const 4)))
                    (br_if $more (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))))
          (i32.store offset=8 (local.get $frame) (global.get $free))
          (global.set $free (local.get $frame))
          (local.set $frame (i32.load (i32.sub (local.get $top) (i32.const 4))))
          (br_if $next (i32.ne (local.get $top) (global.get $frames)))
          ;; The body has ended.
          (f64.store offset=16 (local.get $head) (local.get $cost))
          (br_if $over (i32.gt_u (local.get $at) (local.get $end)))
          (br_if $over (i32.lt_s (local.get $bad) (i32.const 0)))
          (if (i32.lt_u (local.get $at) (local.get $end))
            (then (return (call $fail (i32.const 4) (local.get $at) (i32.const 0) (i32.const 0)))))
          (return (i32.const 0))
        )
          ;; A branch that may not be taken.
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (call $branch (local.get $top) (call $u32 (local.get $at)) (local.get $head) (local.get $way))
          (local.set $at (call $skip (local.get $at)))
          (br $next)
        )
          ;; br
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (call $branch (local.get $top) (call $u32 (local.get $at)) (local.get $head) (local.get $way))
          (local.set $at (call $skip (local.get $at)))
          (local.set $way (f64.const -inf))
          (br $next)
        )
          ;; br_table
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (local.set $i (call $u32 (local.get $at)))
          (local.set $at (call $skip (local.get $at)))
          (loop $more
            (br_if $over (i32.gt_u (local.get $at) (local.get $end)))
            (call $branch (local.get $top) (call $u32 (local.get $at)) (local.get $head) (local.get $way))
            (local.set $at (call $skip (local.get $at)))
            (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (br_if $more (i32.ne (local.get $i) (i32.const -1))))
          (local.set $way (f64.const -inf))
          (br $next)
        )
          ;; Instructions that leave the function, or go to where an exception is caught.
          (if (i32.and (local.get $bits) (i32.const 1)) (then (local.set $at (call $skip (local.get $at)))))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (local.set $way (f64.const -inf))
          (br $next)
        )
          ;; Calls.
          (i32.store offset=40 (local.get $head) (i32.const 1))
          (br_if $next (local.tee $at (call $indices (local.get $at) (local.get $bits) (local.get $start))))
          (return (i32.const 1))
        )
          ;; Tail calls.
          (i32.store offset=40 (local.get $head) (i32.const 1))
          (local.set $at (call $indices (local.get $at) (local.get $bits) (local.get $start)))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (local.set $way (f64.const -inf))
          (br_if $next (local.get $at))
          (return (i32.const 1))
        )
          ;; Instructions that work through a length.
          (local.set $at (call $indices (local.get $at) (local.get $bits) (local.get $start)))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 1))))
          (local.set $i (call $known (local.get $before) (local.get $bits)))
          (if (i32.eq (local.get $i) (i32.const -1))
            (then (call $length (local.get $start) (local.get $bits) (local.get $head)))
            (else (local.set $spent (local.get $i))))
          (br $next)
        )
          ;; memory.grow, and table.grow, which works through a length as well
          (local.set $at (call $indices (local.get $at) (local.get $bits) (local.get $start)))
          (if (i32.eqz (local.get $at)) (then (return (i32.const 1))))
          (local.set $i (i32.eq (i32.and (i32.shr_u (local.get $bits) (i32.const 8)) (i32.const 3)) (i32.const 2)))
          (if (local.get $i) (then (call $length (local.get $start) (local.get $bits) (local.get $head))))
          (local.set $label (i32.load (i32.const 0x3180)))
          (i32.store offset=16
            (call $charge (i32.const 2) (local.get $start)
              (i32.add (i32.shl (local.get $label) (i32.const 1)) (local.get $i)) (local.get $head))
            (if (result i32) (local.get $i)
              (then (call $isWideTable (local.get $label)))
              (else (call $isWideMemory (local.get $label)))))
          (br $next)
        )
          ;; memory.atomic.wait
          (drop (call $charge (i32.const 3) (local.get $start) (i32.const 0) (local.get $head)))
          (local.set $at (call $memarg (local.get $at)))
          (br $next)
        )
          ;; array.new_fixed
          (local.set $at (call $skip (local.get $at)))
          (local.set $thrown (f64.convert_i32_u (call $u32 (local.get $at))))
          (local.set $way (f64.add (local.get $way) (local.get $thrown)))
          (local.set $sum (f64.add (local.get $sum) (local.get $thrown)))
          (local.set $at (call $skip (local.get $at)))
          (br $next)
        )
          ;; br_on_cast: its flags, its label, two types.
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $cost (f64.max (local.get $cost) (local.get $way)))
          (call $branch (local.get $top) (call $u32 (local.get $at)) (local.get $head) (local.get $way))
          (local.set $at (call $heapType (call $heapType (call $skip (local.get $at)))))
          (br $next)
        )
          (return (call $fail (i32.const 2) (local.get $start) (i32.const 0) (i32.const 0)))))
    (call $fail (i32.const 3) (local.get $end) (i32.const 0) (i32.const 0)))

  ;; A label of a try_table's clause, counted from outside of it.
  (func $handler (param $frame i32) (param $top i32) (param $label i32)
    (if (i32.lt_u (local.get $label) (i32.shr_u (i32.sub (local.get $top) (global.get $frames)) (i32.const 2)))
      (then
        (local.set $label
          (i32.load (i32.sub (i32.sub (local.get $top) (i32.const 4)) (i32.shl (local.get $label) (i32.const 2)))))
        ;; The list lies among the records, which may lie right behind one another.
        (i32.store (call $allocate) (local.get $label))
        (global.set $next (i32.sub (global.get $next) (i32.const 44)))
        (i32.store offset=12 (local.get $frame) (i32.add (i32.load offset=12 (local.get $frame)) (i32.const 1))))))
